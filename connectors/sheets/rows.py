"""The rows of a sheet that somebody filled in, as whoever looks for one asks for them: their marks, then their keys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property

from connectors.sheets.model import ID_COLUMN, OUR_COLUMNS
from connectors.sheets.reading import Table

KeyOf = Callable[[dict[str, str]], str | None]


class Rows:
    """A table's rows by the number Excel shows; blank ones are left out.

    A key takes the recipe to work out, so it is worked out when a result needs it; once a row has its mark, few do.
    """

    def __init__(self, table: Table, key_of: KeyOf) -> None:
        self._table = table
        self._key_of = key_of
        self._owners = [at for at, name in enumerate(table.columns) if name and name not in OUR_COLUMNS]
        self._mark_at = table.columns.index(ID_COLUMN) if ID_COLUMN in table.columns else None
        self._keys: dict[int, str | None] = {}

    def __contains__(self, number: int) -> bool:
        return 1 < number <= len(self._table.rows) and not self._is_blank(self._table.values(number - 1))

    def marks(self) -> Iterator[tuple[int, str]]:
        """Each row's number and what stands in its `esign id`."""
        for index in range(1, len(self._table.rows)):
            values = self._table.values(index)
            if not self._is_blank(values):
                yield index + 1, self._mark(values)

    def mark(self, number: int) -> str:
        """What stands in this row's `esign id`."""
        return self._mark(self._table.values(number - 1))

    def key(self, number: int) -> str | None:
        """This row's key, as the recipe makes it."""
        if number not in self._keys:
            self._keys[number] = self._key_of(self._table.cells(number - 1))
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

    def _is_blank(self, values: list[str]) -> bool:
        """Whether the owner wrote nothing into this row; what we wrote does not count."""
        return not any(values[at].strip() for at in self._owners if at < len(values))
