"""The mark in a webhook's path by which the receiver knows an address it has given out itself.

A mark is `<key id>.<HMAC-SHA256>`, both in base64url. It is bound to provider, account and, where a provider takes an
address with each request, to the request's `ref`. The key id says which secret made it, so that one can see which
secrets are still in use; it is an HMAC too and says nothing about the secret.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import quote

from pydantic import SecretStr

KEY_ID_LENGTH = 8


@lru_cache(1024)  # every delivery of an account asks for the same one
def token(secret: SecretStr, provider: str, account: str, ref: str = "") -> str:
    """The mark for one account's address, or for one request's where `ref` is given. Never changes for one secret."""
    return f"{key_id(secret)}.{_mac(secret, 'hook', provider, account, ref)}"


def genuine(secrets: Sequence[SecretStr], provider: str, account: str, token_seen: str, ref: str = "") -> bool:
    """Whether one of `secrets` made this mark for this very address. Constant-time; without a secret nothing is."""
    seen = token_seen.encode("utf-8", "replace")
    fits = [hmac.compare_digest(seen, token(secret, provider, account, ref).encode()) for secret in secrets]
    return any(fits)  # all were compared, whichever fits


def hook_url(public_url: str, secrets: Sequence[SecretStr], provider: str, account: str, ref: str = "") -> str:
    """The address a provider is given for an account, or for one request where `ref` is its mark; made with the
    newest (the first) secret.

    Raises `ValueError` when there is no secret.
    """
    if not secrets:
        raise ValueError("ESIGN_RECEIVER_SECRET is not set, so no webhook address can be made.")
    mark = token(secrets[0], provider, account, ref)
    address = f"{public_url.rstrip('/')}/hooks/{quote(provider, safe='')}/{quote(account, safe='')}/{mark}"
    return f"{address}/{quote(ref, safe='')}" if ref else address


def proof(secret: SecretStr, provider: str, account: str, ref: str) -> str:
    """A value only we can make for this request, for providers that send back what they were given."""
    return f"{key_id(secret)}.{_mac(secret, 'proof', provider, account, ref)}"


def proven(secrets: Sequence[SecretStr], provider: str, account: str, ref: str, proof_seen: str | None) -> bool:
    """Whether one of `secrets` made this value for this very request. Constant-time; without a secret nothing is."""
    seen = (proof_seen or "").encode("utf-8", "replace")
    fits = [hmac.compare_digest(seen, proof(secret, provider, account, ref).encode()) for secret in secrets]
    return any(fits)


def key_id(secret: SecretStr) -> str:
    """Which secret made a mark, in eight characters."""
    return _mac(secret, "key id")[:KEY_ID_LENGTH]


def _mac(secret: SecretStr, *parts: str) -> str:
    """HMAC over a purpose of its own and its parts; each part carries its length, so that no two lists look alike."""
    key = secret.get_secret_value().encode()
    if not key:
        raise ValueError("An empty secret makes no mark.")
    mac = hmac.new(key, b"prefect-esign/1", "sha256")
    for part in (text.encode("utf-8", "replace") for text in parts):
        mac.update(len(part).to_bytes(8, "big") + part)
    return urlsafe_b64encode(mac.digest()).rstrip(b"=").decode()
