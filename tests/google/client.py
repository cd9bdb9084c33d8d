"""The real gspread, its addresses led to the loopback."""

from __future__ import annotations

import functools
from typing import Any

import gspread
import requests
from google.auth import crypt
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2 import credentials, service_account
from gspread.auth import DEFAULT_SCOPES
from requests.adapters import HTTPAdapter

from tests.google.identity import private_key
from tests.google.server import GoogleSheets


@functools.cache
def _signer() -> crypt.RSASigner:
    """Checking a key takes longer than most tests; `test_wire.py` reads one from its file, as programs do."""
    return crypt.RSASigner.from_string(private_key())


HOSTS = ("https://sheets.googleapis.com", "https://www.googleapis.com", "https://oauth2.googleapis.com")


class ToLoopback(HTTPAdapter):
    """Carries what is addressed to Google to the double; paths and queries stay as they are."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        for host in HOSTS:
            request.url = (request.url or "").replace(host, self.url, 1)
        return super().send(request, *args, **kwargs)


class Nowhere(HTTPAdapter):
    """Tests go to the loopback only."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        raise AssertionError(f"a call to {request.url}")


def redirected(session: requests.Session, google: GoogleSheets) -> requests.Session:
    session.mount("https://", Nowhere())
    for host in HOSTS:
        session.mount(f"{host}/", ToLoopback(google.url))
    session.trust_env = False
    return session


def client_for(google: GoogleSheets, person: bool = False, scopes: list[str] | None = None) -> gspread.Client:
    """As the robot of the key file, or as the person who gave consent."""
    wanted = scopes or DEFAULT_SCOPES
    if person:
        held = credentials.Credentials.from_authorized_user_info(
            google.identity.authorized_user(google.url), scopes=wanted
        )
    else:
        key = google.identity.service_account(google.url)
        held = service_account.Credentials(_signer(), key["client_email"], key["token_uri"], scopes=wanted)
    session = AuthorizedSession(held, auth_request=Request(redirected(requests.Session(), google)))
    return gspread.Client(auth=held, session=redirected(session, google))
