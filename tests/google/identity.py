"""Who calls: keys, refresh tokens and the access tokens that Google's token address hands out for them."""

from __future__ import annotations

import functools
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

ROBOT = "sheets-robot@made-up-project.iam.gserviceaccount.com"
PERSON = "person01@example.com"
SPREADSHEETS = "https://www.googleapis.com/auth/spreadsheets"
DRIVE = "https://www.googleapis.com/auth/drive"
WRITING = {SPREADSHEETS, DRIVE, f"{DRIVE}.file"}
READING = {*WRITING, f"{SPREADSHEETS}.readonly", f"{DRIVE}.readonly"}
AUDIENCE = "https://oauth2.googleapis.com/token"
"""What google-auth makes an assertion out to, whatever address the key file names."""
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@functools.cache
def _key() -> tuple[str, str]:
    """A private and a public key, made once a process."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def private_key() -> str:
    return _key()[0]


@dataclass
class Token:
    user: str
    scopes: set[str]
    ends: float

    @property
    def reads(self) -> bool:
        return bool(self.scopes & READING)

    @property
    def writes(self) -> bool:
        return bool(self.scopes & WRITING)


@dataclass
class Identity:
    """What Google knows of the accounts of the tests."""

    clock: Callable[[], float]
    token_seconds: float = 3599.0
    refresh_token: str = field(default_factory=lambda: f"1//{secrets.token_urlsafe(24)}")
    client_secret: str = field(default_factory=lambda: f"GOCSPX-{secrets.token_urlsafe(16)}")
    client_id: str = "100200300400-madeup.apps.googleusercontent.com"
    refused: set[str] = field(default_factory=set)
    """Users whose key was deleted or whose consent was withdrawn."""
    tokens: dict[str, Token] = field(default_factory=dict)

    def service_account(self, url: str) -> dict[str, Any]:
        """The content of a key file as the console hands it out."""
        return {
            "type": "service_account",
            "project_id": "made-up-project",
            "private_key_id": "f" * 40,
            "private_key": _key()[0],
            "client_email": ROBOT,
            "client_id": "100000000000000000001",
            "auth_uri": f"{url}/o/oauth2/auth",
            "token_uri": f"{url}/token",
            "universe_domain": "googleapis.com",
        }

    def authorized_user(self, url: str) -> dict[str, Any]:
        """The content of the file that is left after a person's consent."""
        return {
            "type": "authorized_user",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token": self.refresh_token,
            "token_uri": f"{url}/token",
            "scopes": [SPREADSHEETS, DRIVE],
            "universe_domain": "googleapis.com",
        }

    def grant(self, form: Mapping[str, str], address: str) -> tuple[int, dict[str, Any]]:
        """Answers the token address; `address` is what an assertion has to be made out to."""
        kind = form.get("grant_type", "")
        if kind == JWT_BEARER:
            try:
                claims = jwt.decode(form.get("assertion", ""), certs=_key()[1], audience=[address, AUDIENCE])
            except Exception:
                return 400, denied("invalid_grant", "Invalid JWT Signature.")
            user, scopes = claims.get("iss"), str(claims.get("scope", "")).split()
            if user != ROBOT or user in self.refused:
                return 400, denied("invalid_grant", "Invalid grant: account not found")
            if not scopes:
                return 400, denied("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
            return 200, self.issue(user, set(scopes))
        if kind == "refresh_token":
            if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
                return 401, denied("invalid_client", "The OAuth client was not found.")
            if form.get("refresh_token") != self.refresh_token or PERSON in self.refused:
                return 400, denied("invalid_grant", "Token has been expired or revoked.")
            return 200, self.issue(PERSON, set(form.get("scope", f"{SPREADSHEETS} {DRIVE}").split()))
        return 400, denied("unsupported_grant_type", f"Invalid grant_type: {kind}")

    def issue(self, user: str, scopes: set[str]) -> dict[str, Any]:
        token = f"ya29.{secrets.token_urlsafe(24)}"
        self.tokens[token] = Token(user, scopes, self.clock() + self.token_seconds)
        return {
            "access_token": token,
            "expires_in": int(self.token_seconds),
            "scope": " ".join(sorted(scopes)),
            "token_type": "Bearer",
        }

    def holder(self, header: str) -> Token | None:
        """The token that an Authorization header names, if it still holds."""
        word, _, text = header.partition(" ")
        token = self.tokens.get(text) if word == "Bearer" else None
        return token if token and token.ends > self.clock() and token.user not in self.refused else None

    def expire(self) -> None:
        """All tokens handed out so far hold no longer."""
        for token in self.tokens.values():
            token.ends = self.clock()


def denied(error: str, description: str) -> dict[str, Any]:
    return {"error": error, "error_description": description}


def write(content: dict[str, Any], path: Path) -> Path:
    path.write_text(json.dumps(content, indent=2))
    path.chmod(0o600)
    return path
