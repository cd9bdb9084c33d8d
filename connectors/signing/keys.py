"""Puts an account's key into a header of every call."""

from __future__ import annotations

from collections.abc import Generator

import httpx
from pydantic import SecretStr

from connectors.signing.errors import PermanentError


class HeaderKey(httpx.Auth):
    """The key in a header, after a word where one is wanted (`Bearer`, RFC 6750 §2.1).

    Blanks around it go: keys are copied with a blank or a line's end, which no header may hold.
    """

    def __init__(self, key: SecretStr, *, header: str = "Authorization", word: str = "") -> None:
        if not key.get_secret_value().strip().isprintable() or not key.get_secret_value().isascii():
            raise PermanentError("The account's key holds a line end or a letter no key has: copy it again.")
        self._key = key
        self._header = header
        self._word = word.strip()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header; nothing is asked beforehand."""
        request.headers[self._header] = f"{self._word} {self._key.get_secret_value().strip()}".strip()
        yield request
