"""What all kinds of sheets have in common: rows of texts, one of which names the columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Protocol, overload

from connectors.sheets.errors import NoRows, SheetError
from connectors.sheets.model import OUR_COLUMNS, Sheet, SheetRow
from connectors.sheets.places import Place

MOST_COLUMNS = 1000
LONGEST_CELL = 100_000
"""Characters; Excel itself ends at 32,767."""
_LISTED = 5


class Grid(Protocol):
    """A sheet as texts. Rows and columns are counted from 0; what people see beside a row is its number plus one."""

    header: int
    """The row that names the columns: the first that is not blank."""
    columns: list[str]
    """What that row says, ends trimmed; empty where a column has no name."""
    hidden: Collection[int]
    """Rows that their owner has hidden or filtered away."""
    notes: Sequence[str]
    """What its owner may not expect about how it was read, one sentence each."""

    def __len__(self) -> int:
        """How many rows there are, the header and what stands above it included."""
        ...

    @property
    def width(self) -> int:
        """How many columns hold anything anywhere."""
        ...

    def values(self, index: int) -> list[str]:
        """One row's texts as displayed; it may end early."""
        ...


def cells(grid: Grid, index: int) -> dict[str, str]:
    """One row by column; a row that ends early has empty cells."""
    row = grid.values(index)
    return {name: row[at] if at < len(row) else "" for at, name in enumerate(grid.columns) if name}


def owners_columns(columns: Sequence[str]) -> list[int]:
    """Where the columns stand that are not ours."""
    return [at for at, name in enumerate(columns) if name and name not in OUR_COLUMNS]


def check_columns(columns: Sequence[str], place: Place) -> None:
    """Raise `SheetError` unless these can name a sheet's columns.

    One of ours under another spelling is refused: passed over, it would come a second time, and a row would lose the
    `esign id` that says what it is.
    """
    if not any(columns):
        raise SheetError(f"{place} is empty: the first row has to name the columns.")
    if len(columns) > MOST_COLUMNS:
        raise SheetError(f"{place} has more than {MOST_COLUMNS:,} columns: keep those that are needed.")
    twice = [name for name, times in Counter(columns).items() if name and times > 1]
    if twice:
        raise SheetError(f"{place}: the column {_short(twice[0])} is there twice: rename or delete one of them.")
    for name in columns:
        if name not in OUR_COLUMNS and (ours := _OURS.get(_spelled(name))):
            raise SheetError(f"{place}: the column {_short(name)} is nearly our {ours!r}: write it like that.")


def as_sheet(grid: Grid, place: Place) -> Sheet:
    """The sheet this grid is. Raises `NoRows` where nothing stands below the header."""
    rows = _Rows(grid)
    if not rows:
        raise NoRows(f"{place} has no rows below its header (row {grid.header + 1}): fill in one row for each request.")
    return Sheet(
        place=str(place),
        columns=tuple(name for name in grid.columns if name),
        rows=rows,
        notes=(*grid.notes, *_about_hidden(grid)),
        letters={name: letters(at) for at, name in enumerate(grid.columns) if name},
    )


def letters(column: int) -> str:
    """What a spreadsheet shows above a column, counted from 0: A, …, Z, AA, AB."""
    shown = ""
    while column >= 0:
        column, rest = divmod(column, 26)
        shown, column = chr(ord("A") + rest) + shown, column - 1
    return shown


def _about_hidden(grid: Grid) -> Iterator[str]:
    hidden = sorted(index + 1 for index in grid.hidden if index > grid.header)
    if hidden:
        listed = ", ".join(map(str, hidden[:_LISTED])) + (" …" if len(hidden) > _LISTED else "")
        rows = "1 hidden row is" if len(hidden) == 1 else f"{len(hidden)} hidden rows are"
        yield f"{rows} left out: {listed}."


class _Rows(Sequence[SheetRow]):
    """The rows somebody filled in and has not hidden, each made when it is asked for."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        owners = owners_columns(grid.columns)
        self._filled = [
            index
            for index in range(grid.header + 1, len(grid))
            if index not in grid.hidden and is_filled(grid.values(index), owners)
        ]

    def __len__(self) -> int:
        return len(self._filled)

    @overload
    def __getitem__(self, at: int) -> SheetRow: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[SheetRow]: ...

    def __getitem__(self, at: int | slice) -> SheetRow | Sequence[SheetRow]:
        if isinstance(at, slice):
            return [self._row(index) for index in self._filled[at]]
        return self._row(self._filled[at])

    def __iter__(self) -> Iterator[SheetRow]:
        return map(self._row, self._filled)

    def _row(self, index: int) -> SheetRow:
        return SheetRow(index + 1, cells(self._grid, index))


def is_filled(values: Sequence[str], owners: Sequence[int]) -> bool:
    """Whether the owner wrote anything into this row; what we wrote does not count. `owners`: see `owners_columns`."""
    return any(at < len(values) and values[at].strip() for at in owners)


def _spelled(name: str) -> str:
    """A header without its capitals, and whatever stands between its words."""
    return " ".join(re.split(r"[\s_-]+", name.casefold()))


_OURS = {_spelled(name): name for name in OUR_COLUMNS}


def _short(name: str) -> str:
    return repr(name if len(name) <= 60 else f"{name[:60]}…")
