"""Reads what a form sends, within limits, and makes sure that it was one of our forms."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

LIMIT_BYTES = 2 * 1024 * 1024
_MOST_FIELDS = 500


async def read(request: Request) -> dict[str, str]:
    """The form's fields; of repeated ones the last. Raises HTTPException 413 or 400 for what no form of ours sends."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LIMIT_BYTES:
            raise HTTPException(413, "That was too large for a form.")
    try:
        return dict(
            parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
        )
    except ValueError:
        raise HTTPException(400, "That is not a form of ours.") from None


def field_values(form: Mapping[str, str]) -> dict[str, str]:
    """What was filled into the fields called `field[<id>]`, by id."""
    return {name[6:-1]: value for name, value in form.items() if name.startswith("field[") and name.endswith("]")}


class Tokens:
    """The mark that each form carries, so that no other site can send it in somebody's name. It lives as long as the
    process; a page that was open during a restart is shown again and asks for one more press."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def token(self, signer_id: str) -> str:
        """The mark of this signer's forms."""
        return hmac.digest(self._key, signer_id.encode(), "sha256").hex()

    def genuine(self, signer_id: str, token: str) -> bool:
        """Whether the mark is ours, found out in constant time."""
        return hmac.compare_digest(self.token(signer_id).encode(), token.encode())
