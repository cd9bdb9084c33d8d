"""Reads numbers as people write them: `1,234.56`, `1.234,56`, `1 234,56`, `1'234.56`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Literal

Mark = Literal["point", "comma"]
_MARKS: dict[Mark, str] = {"point": ".", "comma": ","}
_NUMBER = re.compile(r"([+-]?)(\d{1,18}|\d{1,3}(?:([.,' ])\d{3})(?:\3\d{3}){0,5})(?:([.,])(\d{1,9}))?", re.ASCII)


class TwoWays(ValueError):
    """`1.234` is a thousand and more to some, and a little over one to others."""


def read_number(text: str, decimal: Mark | None = None) -> Decimal:
    """The number this text means; `decimal` says which mark stands before the decimals, where that is agreed.

    Raises `TwoWays` where it is not agreed and matters, and `ValueError` for what is no number.
    """
    found = _NUMBER.fullmatch(text.replace("\u2212", "-").replace("’", "'"))
    if found is None:
        raise ValueError
    sign, whole, between, mark, decimals = found.groups()
    agreed = _MARKS[decimal] if decimal else None
    if mark and not between and len(decimals) == 3 and len(whole) <= 3 and not whole.startswith("0"):
        if agreed is None:
            raise TwoWays
        if mark != agreed:
            return Decimal(f"{sign}{whole}{decimals}")  # the thousands' mark
    if (mark and (mark == between or agreed not in {None, mark})) or (agreed and between == agreed):
        raise ValueError
    digits = whole.replace(between, "") if between else whole
    return Decimal(f"{sign}{digits}.{decimals}" if decimals else f"{sign}{digits}")
