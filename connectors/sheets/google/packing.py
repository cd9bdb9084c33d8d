"""Keeps a long sheet's rows in little memory: each is one text until somebody looks at it."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.sheets.model import Number

_CELL, _NUMBER = "\x1f", "\x1e"
_NEVER = str.maketrans({_CELL: " ", _NUMBER: " "})


def pack(values: Sequence[str]) -> str:
    """The row as one text; cells of which nobody sees anything at its end are left off."""
    last = len(values)
    while last and not values[last - 1]:
        last -= 1
    return _CELL.join(
        _NUMBER + value if isinstance(value, Number) else value.translate(_NEVER) for value in values[:last]
    )


def unpack(row: str) -> list[str]:
    """The cells it was made from."""
    if not row:
        return []
    if _NUMBER not in row:
        return row.split(_CELL)
    return [Number(value[1:]) if value[:1] == _NUMBER else value for value in row.split(_CELL)]


def width(row: str) -> int:
    """How many cells it has."""
    return row.count(_CELL) + 1 if row else 0
