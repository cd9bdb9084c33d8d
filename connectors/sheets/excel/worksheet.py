"""A worksheet as people see it, whichever program it comes from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from connectors.sheets.errors import SheetError
from connectors.sheets.excel.names import MOST_ROWS, cell_name
from connectors.sheets.grid import LONGEST_CELL, MOST_COLUMNS, check_columns
from connectors.sheets.places import Place

MOST_CELLS = 20_000_000
_REMEMBERED = 100_000
_BLANK: list[str] = []


@dataclass
class Worksheet:
    """The texts of a worksheet, gathered row by row. It keeps what stands below a column's name, and no more."""

    place: Place
    header: int = -1
    columns: list[str] = field(default_factory=list)
    hidden: Collection[int] = ()
    notes: Sequence[str] = ()
    rows: list[list[str]] = field(default_factory=list)
    width: int = 0
    cells: int = 0
    uncalculated: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._hidden: set[int] = set()
        self.hidden = self._hidden

    def __len__(self) -> int:
        return len(self.rows)

    def values(self, index: int) -> list[str]:
        """One row's texts."""
        return self.rows[index]

    @property
    def kept(self) -> int:
        """How many columns are kept: all until the header is known, a little more than may be."""
        return len(self.columns) if self.columns else MOST_COLUMNS + 1

    def add(self, index: int, row: list[str], times: int = 1, *, hidden: bool = False) -> None:
        """Put a row at this place, as often as it is repeated; it has texts, and none beyond `kept`."""
        if index + times > MOST_ROWS:
            raise SheetError(f"{self.place} has more than {MOST_ROWS:,} rows: split it into several sheets.")
        if self.header < 0:
            if not any(map(str.strip, row)):
                return
            self.header = index
            columns = [text.strip() for text in row]
            while columns and not columns[-1]:
                columns.pop()
            check_columns(columns, self.place)
            self.columns = columns
        self.cells += len(row) * times
        if self.cells > MOST_CELLS:
            raise SheetError(f"{self.place} has more than {MOST_CELLS:,} cells: split it into several sheets.")
        self.rows.extend([_BLANK] * (index - len(self.rows)))
        self.rows.extend([row] * times)
        if hidden:
            self._hidden.update(range(index, index + times))

    def done(self, merged: Collection[tuple[int, int, int, int]] = ()) -> None:
        """Look at the whole. Raises `SheetError` where it names no columns, or merges cells among their names."""
        if self.header < 0:
            check_columns([], self.place)
        for top, bottom, left, right in merged:
            if top <= self.header <= bottom and (top, left) != (bottom, right):
                raise SheetError(
                    f"{self.place}: {cell_name(top, left)}:{cell_name(bottom, right)} is merged: "
                    "split it, so that each column has a name of its own."
                )
            self.width = max(self.width, right + 1)
        for row, column in self.uncalculated:
            if row <= self.header or self._is_named(column):
                raise SheetError(
                    f"{self.place}, cell {cell_name(row, column)}: its formula was never calculated: "
                    "open the workbook in Excel and save it once."
                )

    def miss(self, row: int, column: int) -> None:
        """Remember a formula without a value; it matters where a column's name is, or below one."""
        if len(self.uncalculated) < _REMEMBERED and (self.header < 0 or self._is_named(column)):
            self.uncalculated.append((row, column))

    def _is_named(self, column: int) -> bool:
        return column < len(self.columns) and bool(self.columns[column])

    def check_length(self, length: int, row: int, column: int) -> None:
        """Raise `SheetError` for a cell that holds a book."""
        if length > LONGEST_CELL:
            raise SheetError(
                f"{self.place}, cell {cell_name(row, column)}: it holds more than {LONGEST_CELL:,} characters: "
                "shorten it."
            )
