"""The addresses the sandbox hands out: signing pages, and PDFs behind a key that expires."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from sandbox.clock import Clock

PDF_LIFE_HOURS = 72.0
"""`contract_pdf_url` "expires in 3 days following the request" (eSignatures, Contracts – Query); the links in mails
live as long."""


class Links:
    """Builds absolute addresses; `secret` signs the keys of the files."""

    def __init__(self, base_url: str, secret: str, clock: Clock) -> None:
        self.base_url = base_url.rstrip("/")
        self._secret = secret.encode()
        self._clock = clock

    def sign_page(self, signer_id: str) -> str:
        """Where a signer reads and signs."""
        return f"{self.base_url}/sign/{signer_id}"

    def pdf(self, name: str, hours: float = PDF_LIFE_HOURS) -> str:
        """A fresh link to a file, with a key of its own, for so many of the provider's hours. Names are a contract's
        id (its signed PDF), `{id}-preview`, and the `upload` of a contract."""
        expires = str((self._clock.now() + self._clock.hours(hours)).timestamp())
        nonce = secrets.token_urlsafe(9)
        key = f"{nonce}.{self._key(name, expires, nonce)}"
        return f"{self.base_url}/files/{name}?secret_token={key}&expires={expires}"

    def opens(self, name: str, expires: str, key: str) -> bool:
        """Whether a key was made here for this file and has not expired."""
        nonce, _, mark = key.partition(".")
        genuine = hmac.compare_digest(mark.encode(), self._key(name, expires, nonce).encode())
        return genuine and self._clock.now().timestamp() < float(expires)

    def absolute(self, path: str) -> str:
        """The address of a letter's link; every look at a letter gives a fresh key for its PDF."""
        kind, _, name = path.partition("/")
        return self.pdf(name) if kind == "files" else f"{self.base_url}/{path}"

    def _key(self, name: str, expires: str, nonce: str) -> str:
        return hmac.new(self._secret, f"{name}|{expires}|{nonce}".encode(), hashlib.sha256).hexdigest()
