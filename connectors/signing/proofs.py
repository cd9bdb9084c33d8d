"""Checks a webhook's HMAC in constant time; closed while no secret is configured."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from pydantic import SecretStr

from connectors.signing.errors import InvalidWebhook


def require_hmac(title: str, secrets: Sequence[SecretStr], body: bytes, given: str | None, *, prefix: str = "") -> None:
    """Raise `InvalidWebhook` unless `given` is `prefix` and the HMAC-SHA256 of the raw `body`, in hexadecimal, with
    one of `secrets`. All of them are tried, whichever fits; digits may be upper case."""
    seen = (given or "").strip().lower().encode("utf-8", "surrogateescape")
    keys = [secret.get_secret_value().encode() for secret in secrets]
    expected = [prefix.encode() + hmac.new(key, body, hashlib.sha256).hexdigest().encode() for key in keys if key]
    genuine = [hmac.compare_digest(seen, signature) for signature in expected]
    if not expected:
        raise InvalidWebhook(f"No secret is configured for {title}, so no webhook is genuine.")
    if not seen:
        raise InvalidWebhook(f"A webhook for {title} came without its signature.")
    if not any(genuine):
        raise InvalidWebhook(f"The signature of a webhook for {title} does not fit its body.")
