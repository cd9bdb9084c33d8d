"""The Google account sheets are read and written with: a service account, or a person who gave consent once."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from google.auth.credentials import Credentials
from google.oauth2.credentials import Credentials as UserCredentials
from google.oauth2.service_account import Credentials as ServiceCredentials

from connectors.sheets.errors import SheetError
from connectors.sheets.google.handing import BLOCK, KEY_FILE, handed_over
from connectors.sheets.google.quota import Clock, Quota

BASE_URL = "ESIGN_GOOGLE_BASE_URL"
"""For tests: where the Sheets API is, on this machine only."""
SCOPES = ["https://www.googleapis.com/auth/spreadsheets"]
API = "https://sheets.googleapis.com"
_TOKENS = "https://oauth2.googleapis.com/token"
_HERE = {"127.0.0.1", "localhost", "::1"}
_HOW = f"set {KEY_FILE} to a service account's key file, or save a Prefect block {BLOCK}"


class _Robot(ServiceCredentials):
    """A service account, without google-auth's asking another service of Google's, in a thread of its own, from which
    regions the account may be used: a sheet does not need it, and no key of ours may ask."""

    def _is_regional_access_boundary_lookup_required(self) -> bool:
        return False


@dataclass(frozen=True, eq=False)
class Account:
    """Credentials with their share of Google's quota."""

    credentials: Credentials
    share_with: str
    """Whom a sheet has to be shared with, for the middle of a sentence."""
    base_url: str
    reads: Quota
    writes: Quota


def account(env: Mapping[str, str] = os.environ) -> Account:
    """The account to use. Raises `SheetError` with the sentence that says what to set."""
    base_url = _base_url(env.get(BASE_URL, "").strip())
    if name := env.get(KEY_FILE, "").strip():
        try:
            key = Path(name).expanduser().read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise SheetError(f"{KEY_FILE} names a file that cannot be read: correct the path.") from None
        return open_account(key, KEY_FILE, base_url)
    if (handed := handed_over()) is None:
        raise SheetError(f"No Google account is set up: {_HOW}, and share the sheet with its client_email.")
    return open_account(handed, f"The block {BLOCK}", base_url)


@lru_cache(maxsize=8)
def open_account(key: str, origin: str, base_url: str = API, clock: Clock | None = None) -> Account:
    """The account this key opens; the same one for the same key, as the quota is counted for it. `origin` says in
    errors where the key is from. Raises `SheetError`."""
    clock = clock or Clock()
    try:
        info = json.loads(key)
        credentials = _credentials(info)
    except (ValueError, KeyError, TypeError, AttributeError):
        problem = f"{origin} holds no key of Google's: make a new JSON key for the service account, and use that file."
    else:
        return Account(credentials, _share_with(info), base_url, Quota(clock), Quota(clock))
    raise SheetError(problem)  # out here, so that no key hangs on the error


def _credentials(info: Mapping[str, str]) -> Credentials:
    tokens = info.get("token_uri", _TOKENS)
    if urlsplit(tokens).scheme != "https" and urlsplit(tokens).hostname not in _HERE:
        raise ValueError("a key does not travel unencrypted")
    if info.get("type") == "service_account":
        made: Credentials = _Robot.from_service_account_info(info, scopes=SCOPES)  # type: ignore[no-untyped-call] # google-auth has none here
        return made
    # What `gspread.oauth` keeps says nothing of its type. google-auth's own reader would pass over its `token_uri`.
    return UserCredentials(  # type: ignore[no-untyped-call] # google-auth has none here
        None,
        refresh_token=info["refresh_token"],
        token_uri=tokens,
        client_id=info["client_id"],
        client_secret=info["client_secret"],
        scopes=SCOPES,
    )


def _share_with(info: Mapping[str, str]) -> str:
    """A service account's address is no person's; a person's is not repeated in errors."""
    if info.get("type") == "service_account":
        return str(info["client_email"])
    return "the Google account that gave its consent"


def _base_url(text: str) -> str:
    if not text:
        return API
    if urlsplit(text).hostname not in _HERE:
        raise SheetError(f"{BASE_URL} is for tests on this machine only: remove it.")
    return text.rstrip("/")
