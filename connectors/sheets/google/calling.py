"""Calls Google's Sheets API through gspread: within the quota, patiently, and with errors a person can act on.

Facts are from Google's pages: [limits] "Usage limits", [errors] what the API was seen to answer.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from google.auth.transport.requests import AuthorizedSession
from gspread.exceptions import APIError
from gspread.http_client import FileType, HTTPClient, ParamsType
from requests import RequestException, Response

from connectors.sheets.errors import SheetError
from connectors.sheets.google.credentials import API, Account, account
from connectors.sheets.google.quota import Clock
from connectors.sheets.places import Place

TIMEOUT = (10.0, 185.0)
"""Seconds to connect, and to wait for a piece of the answer: Google itself gives up after 180 [limits]."""
PATIENCE = 120.0
"""Seconds of pauses after which Google is taken to be away."""
LONGEST_PAUSE = 32.0


class Busy(Exception):
    """Google did not answer, or asks to come back; a write may have been applied all the same."""

    def __init__(self, code: int, wait: float | None = None) -> None:
        super().__init__(code)
        self.code, self.wait = code, wait


class Moved(Exception):
    """The cells that were asked for are no longer there: the worksheet was renamed or made smaller."""


class Patience:
    """Pauses that grow, and end once Google has been away for two minutes; an answer starts them anew."""

    def __init__(self, place: Place, clock: Clock) -> None:
        self._place, self._clock = place, clock
        self.renew()

    def renew(self) -> None:
        """There was an answer."""
        self._tries, self._paused = 0, 0.0

    def pause(self, busy: Busy) -> None:
        """Wait as long as Google asks, or longer each time. Raises `SheetError` when that has gone on for too long."""
        growing = min(2.0**self._tries, LONGEST_PAUSE)
        wait = growing * random.uniform(1, 1.2) if busy.wait is None else busy.wait  # noqa: S311 - no secret
        if self._paused + wait > PATIENCE:
            raise SheetError(f"{self._place}: {_BUSY.get(busy.code, _AWAY)}")
        self._tries, self._paused = self._tries + 1, self._paused + wait
        self._clock.sleep(wait)


class Google(HTTPClient):
    """gspread's client for one sheet. Reads are tried again here; a write raises `Busy`, as rows may have moved by the
    time of a second try, so that whoever writes has to look again first."""

    def __init__(self, place: Place, account: Account, clock: Clock | None = None) -> None:
        # The token has to be fetched in time, too: google-auth would wait for two minutes.
        super().__init__(account.credentials, AuthorizedSession(account.credentials, refresh_timeout=30))  # type: ignore[no-untyped-call] # google-auth has none here
        self.set_timeout(TIMEOUT)
        self.place, self.account = place, account
        self.clock = clock or Clock()
        self.reading, self.writing = Patience(place, self.clock), Patience(place, self.clock)

    def __enter__(self) -> Google:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def request(
        self,
        method: str,
        endpoint: str,
        params: ParamsType | None = None,
        data: bytes | None = None,
        json: Mapping[str, Any] | None = None,
        files: FileType = None,
        headers: Any = None,
    ) -> Response:
        """One call. Raises `SheetError`; `Busy` for a write; `Moved`."""
        address = self.account.base_url + endpoint.removeprefix(API)
        reads = method.lower() == "get"
        quota, patience = (self.account.reads, self.reading) if reads else (self.account.writes, self.writing)
        while True:
            quota.take()
            try:
                answer = super().request(method, address, params, data, json, files, headers)
            except (APIError, GoogleAuthError, RequestException) as error:
                problem = self._understood(error, reads=reads)
            else:
                patience.renew()
                return answer
            if not (reads and isinstance(problem, Busy)):
                raise problem  # out here, so that nothing of the call hangs on the error
            patience.pause(problem)

    def _understood(self, error: Exception, *, reads: bool) -> Exception:
        if isinstance(error, APIError):
            return self._refusal(error.response.status_code, str(error.error.get("message", "")), error.response, reads)
        if isinstance(error, RefreshError) and not error.retryable:
            return SheetError(
                "Google does not take the key of the account any more: make a new one, and see that this machine's "
                "clock is right."
            )
        if isinstance(error, TransportError | RefreshError | RequestException):
            return Busy(0)
        return SheetError(f"{self.place}: the Google account cannot be used ({type(error).__name__}): check its key.")

    def _refusal(self, code: int, message: str, response: Response, reads: bool) -> Exception:
        """What an answer that is none means; Google's own sentence may repeat what stands in cells, ours does not."""
        if code in {408, 429} or code >= 500:
            return Busy(code, _seconds(response.headers.get("Retry-After", "")))
        if "protected cell" in message:
            return SheetError(f"{self.place}: our columns are protected: let {self.account.share_with} edit them.")
        if code == 400 and ("exceeds grid limits" in message or "Unable to parse range" in message):
            return Moved()
        if "not supported for this document" in message:
            return SheetError(f"{self.place} is an Excel file kept at Google: save it as a Google spreadsheet there.")
        if code == 403 and ("SERVICE_DISABLED" in response.text or "has not been used in project" in message):
            return SheetError("The Google Sheets API is off: switch it on in the Cloud project of the account's key.")
        if code == 403:
            as_what = "share it" if reads else "share it as Editor"
            return SheetError(f"{self.place} may not be {_done(reads)}: {as_what} with {self.account.share_with}.")
        if code == 404:
            return SheetError(f"There is no Google spreadsheet at {self.place}: check the address.")
        if code == 401:
            return SheetError("Google does not take the key of the account: make a new one.")
        return SheetError(f"{self.place} could not be {_done(reads)}: Google answered {code}.")


def connect(place: Place) -> Google:
    """The way to this sheet with the account there is. Raises `SheetError`."""
    return Google(place, account())


def never_at_rest(place: Place) -> SheetError:
    """What to say where somebody else is always quicker."""
    return SheetError(f"{place} keeps changing while it is used: wait until nobody edits it and try again.")


def _done(reads: bool) -> str:
    return "read" if reads else "written"


def _seconds(text: str) -> float | None:
    return float(text) if text.strip().isdecimal() else None


_AWAY = "Google does not answer: check the connection and try again in a few minutes."
_BUSY = {429: "Google's quota of calls is used up: try again in a few minutes."}
