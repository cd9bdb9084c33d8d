"""Works out which cells of a sheet change, so that each kind of sheet changes those and no others."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from connectors.sheets.finding import find
from connectors.sheets.grid import Grid
from connectors.sheets.model import ID_COLUMN, OUR_COLUMNS, RowResult
from connectors.sheets.rows import KeyOf, Rows

_FORMULA = re.compile(r"(^|[,;])(\s*[=+\-@＝＋－＠])")
"""What makes a spreadsheet calculate a cell: owasp.org/www-community/attacks/CSV_Injection. It may also stand behind a
delimiter that is not this file's, but that of the program somebody opens it with."""
_SIGN = re.compile(r"[=+\-@＝＋－＠]")
_KEPT = 1000
"""Texts kept as they are written: statuses and times are the same in row after row."""


@dataclass(frozen=True, slots=True)
class Filling:
    """What is to be written: rows and columns counted from 0."""

    headers: dict[int, str]
    """Where those of our columns go that are missing, behind everything that is there."""
    cells: dict[int, dict[int, str]]
    """Each row that has a result, with those of its cells that say something else by now."""
    missing: list[RowResult]
    """The results whose row is no longer there."""

    @property
    def is_nothing(self) -> bool:
        """Whether the sheet says all of this already."""
        return not self.headers and not any(self.cells.values())


def fill(
    grid: Grid, results: Sequence[RowResult], key_of: KeyOf, fitted: Callable[[str], str] = lambda text: text
) -> Filling:
    """What these results change in the sheet; `fitted` makes a text one that this sheet can hold."""
    placed, missing = find(Rows(grid, key_of), results)
    if not placed:
        return Filling({}, {}, missing)
    headers = dict(enumerate((name for name in OUR_COLUMNS if name not in grid.columns), start=grid.width))
    places = {name: at for at, name in enumerate(grid.columns) if name in OUR_COLUMNS}
    places |= {name: at for at, name in headers.items()}

    @lru_cache(maxsize=_KEPT)
    def written(text: str) -> str:
        return fitted(harmless(text))

    changed: dict[int, dict[int, str]] = {}
    for number, result in placed.items():
        there = grid.values(number - 1)
        shown = {places[name]: written(value) for name, value in result.values.items() if value or name != ID_COLUMN}
        changed[number - 1] = {at: text for at, text in shown.items() if text != (there[at] if at < len(there) else "")}
    return Filling(headers, changed, missing)


def harmless(text: str) -> str:
    """The text on one line, with an apostrophe before whatever a spreadsheet would take for a formula."""
    line = " ".join(text.split())
    return _FORMULA.sub(r"\1'\2", line) if _SIGN.search(line) else line
