"""The rows of a sheet that somebody filled in, as whoever looks for one asks for them: their marks, then their keys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property

from connectors.sheets.grid import Grid, cells, is_filled, owners_columns
from connectors.sheets.model import ID_COLUMN

KeyOf = Callable[[dict[str, str]], str | None]


class Rows:
    """A grid's rows by the number the spreadsheet shows; blank ones are left out, hidden ones are not.

    A key takes the recipe to work out, so it is worked out when a result needs it; once a row has its mark, few do.
    """

    def __init__(self, grid: Grid, key_of: KeyOf) -> None:
        self._grid = grid
        self._key_of = key_of
        self._owners = owners_columns(grid.columns)
        self._mark_at = grid.columns.index(ID_COLUMN) if ID_COLUMN in grid.columns else None
        self._keys: dict[int, str | None] = {}

    def __contains__(self, number: int) -> bool:
        within = self._grid.header + 1 < number <= len(self._grid)
        return within and is_filled(self._grid.values(number - 1), self._owners)

    def marks(self) -> Iterator[tuple[int, str]]:
        """Each row's number and what stands in its `esign id`."""
        for index in range(self._grid.header + 1, len(self._grid)):
            values = self._grid.values(index)
            if is_filled(values, self._owners):
                yield index + 1, self._mark(values)

    def mark(self, number: int) -> str:
        """What stands in this row's `esign id`."""
        return self._mark(self._grid.values(number - 1))

    def key(self, number: int) -> str | None:
        """This row's key, as the recipe makes it."""
        if number not in self._keys:
            self._keys[number] = self._key_of(cells(self._grid, number - 1))
        return self._keys[number]

    @cached_property
    def by_key(self) -> Mapping[str | None, Sequence[int]]:
        """Which rows have which key."""
        found: dict[str | None, list[int]] = defaultdict(list)
        for number, _ in self.marks():
            found[self.key(number)].append(number)
        return found

    def _mark(self, values: list[str]) -> str:
        return values[self._mark_at].strip() if self._mark_at is not None and self._mark_at < len(values) else ""
