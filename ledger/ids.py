"""Ids and marks: sortable ids of ours, the mark that travels to the provider, and the id a sheet's row carries."""

from __future__ import annotations

import re
import secrets
import time
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ledger.store import Ledger

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
_ESIGN_ID = re.compile(rf"([{ALPHABET}]{{6}}):(req_[{ALPHABET}]{{26}})")


def new_id(prefix: Literal["led", "bat", "req"]) -> str:
    """A prefixed ULID: 48 bits of milliseconds and 80 random bits, so that ids sort by age.

    Source: https://github.com/ulid/spec
    """
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return f"{prefix}_{_base32(number, 26)}"


def new_ref() -> str:
    """A short mark with 60 random bits; it says nothing about the row it stands for."""
    return f"E{_base32(secrets.randbits(60), 12)}"


def esign_id(ledger: Ledger, request_id: str) -> str:
    """What stands in the sheet's `esign id`: which ledger, and which request in it."""
    return f"{ledger.short_id}:{request_id}"


def read_esign_id(text: str) -> tuple[str, str] | None:
    """The ledger's short id and the request id of an `esign id` cell; None when it is none of ours."""
    found = _ESIGN_ID.fullmatch(text.strip())
    return (found[1], found[2]) if found else None


def _base32(number: int, length: int) -> str:
    return "".join(ALPHABET[number >> 5 * place & 31] for place in range(length - 1, -1, -1))
