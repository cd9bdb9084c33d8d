"""Ids of contracts and signers, in the forms providers give them; each is unique and cannot be guessed."""

from __future__ import annotations

import re
import secrets
import uuid

_GOOD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{7,79}")


def uuid4() -> str:
    """`1f0c6a52-…`, 36 characters."""
    return str(uuid.uuid4())


def hexadecimal(digits: int) -> str:
    """So many lower-case hexadecimal digits; with fewer than 24 they might be guessed or come twice."""
    if digits < 24:
        raise ValueError("An id needs at least 24 hexadecimal digits.")
    return secrets.token_hex((digits + 1) // 2)[:digits]


def good(text: str) -> bool:
    """Whether a text can be an id here: it is used in addresses and as a file's name."""
    return bool(_GOOD.fullmatch(text))
