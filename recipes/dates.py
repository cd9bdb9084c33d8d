"""Reads dates as people write them: `2026-12-31`, `31.12.2026`, `12/31/2026`."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

First = Literal["day", "month"]
_MIDNIGHT = r"(?:[ T]00:00(?::00(?:\.0+)?)?)?"
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})" + _MIDNIGHT, re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.]) ?(\d{1,2})\2 ?(\d{4})" + _MIDNIGHT, re.ASCII)


class TwoOrders(ValueError):
    """`03/04/2026` is in April to some and in March to others."""


def read_date(text: str, first: First | None = None) -> date:
    """The day this text means; `first` says what stands first where the year stands last, if that is agreed.

    With points between, the day stands first everywhere. Raises `TwoOrders` where it is not agreed and matters, and
    `ValueError` for what is no date.
    """
    if found := _YEAR_FIRST.fullmatch(text):
        return date(int(found[1]), int(found[3]), int(found[4]))
    found = _YEAR_LAST.fullmatch(text)
    if found is None:
        raise ValueError
    one, other, year = int(found[1]), int(found[3]), int(found[4])
    if found[2] == "." or first == "day" or one == other:
        return date(year, other, one)
    if first == "month":
        return date(year, one, other)
    if one <= 12 and other <= 12:
        raise TwoOrders
    return date(year, other, one) if one > 12 else date(year, one, other)
