"""How cells are called: `B7` is the second column's seventh."""

from __future__ import annotations

import re
from functools import lru_cache

MOST_COLUMNS = 16_384
MOST_ROWS = 1_048_576
"""As many as Excel has; LibreOffice has the same rows."""
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})(?::\$?([A-Z]{1,3})\$?(\d{1,7}))?")


@lru_cache(maxsize=2048)
def column_index(letters: str) -> int:
    """A column's place, counted from 0; -1 for what is none."""
    at = 0
    for letter in letters:
        if not "A" <= letter <= "Z":
            return -1
        at = at * 26 + ord(letter) - 64
    return at - 1


@lru_cache(maxsize=2048)
def column_letters(at: int) -> str:
    """The other way round."""
    letters, at = "", at + 1
    while at:
        at, rest = divmod(at - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def cell_name(row: int, column: int) -> str:
    """What people call the cell at this place, both counted from 0."""
    return f"{column_letters(column)}{row + 1}"


def area(reference: str) -> tuple[int, int, int, int] | None:
    """First and last row, first and last column of `A1:B2` or `A1`, counted from 0; None for what is neither."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        return None
    left, top, right, bottom = found.groups()
    return int(top) - 1, int(bottom or top) - 1, column_index(left), column_index(right or left)
