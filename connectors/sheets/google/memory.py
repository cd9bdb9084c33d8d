"""Remembers what stood in our columns before we wrote, so that what landed beside a wrong row can be taken back.

Google has no transaction between reading keys and writing cells: whoever sorts or inserts in between makes our texts
land in other rows. So the sheet is read again after each write. A row is known by what its owner wrote in it; where
its cells of ours hold something we wrote, it is looked at as it was before. Seen like that, the results belong where
they would have belonged at first, and whatever stands elsewhere is put right.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property

from connectors.sheets.google.packing import pack, width
from connectors.sheets.google.reading import Table
from connectors.sheets.grid import cells, owners_columns
from connectors.sheets.model import ID_COLUMN, OUR_COLUMNS, RowResult
from connectors.sheets.rows import KeyOf, Rows

Ours = tuple[str, ...]
"""A row's cells of ours, in the order of `OUR_COLUMNS`."""
_NOTHING: Ours = ("",) * len(OUR_COLUMNS)
_ID_AT = OUR_COLUMNS.index(ID_COLUMN)


class Believed:
    """A table in which some cells hold what they held before; see `Grid`."""

    def __init__(self, table: Table, taken_back: Mapping[int, Mapping[int, str]]) -> None:
        self.table, self.taken_back = table, taken_back
        self.columns, self.header = table.columns, table.header
        self.hidden: Collection[int] = table.hidden
        self.notes: Sequence[str] = table.notes

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def width(self) -> int:
        """How many columns hold anything that is not taken back."""
        rows = enumerate(self.table.rows)
        return max(width(pack(self.values(at)) if at in self.taken_back else row) for at, row in rows)

    def values(self, index: int) -> list[str]:
        """One row's texts."""
        values = self.table.values(index)
        if taken_back := self.taken_back.get(index):
            values += [""] * (max(taken_back) + 1 - len(values))
            for at, text in taken_back.items():
                values[at] = text
        return values


class Memory:
    """The sheet as it was before our first write, and what we have written since."""

    def __init__(self, table: Table, results: Sequence[RowResult], key_of: KeyOf) -> None:
        self._first, self._key_of = table, key_of
        self._owners = [table.columns[at] for at in owners_columns(table.columns)]
        self._keys = {mark: result.key for result in results if (mark := result.values.get(ID_COLUMN))}
        self._wrote: dict[str, set[str]] = {name: set() for name in OUR_COLUMNS}
        self._landed: dict[int, str] = {}

    def wrote(self, names: Mapping[int, str], texts: Mapping[int, Mapping[int, str]]) -> None:
        """Note what is about to be written: rows with their cells; `names` are our columns by their place."""
        self._landed = {at: name for at, name in names.items() if any(at in row for row in texts.values())}
        for row in texts.values():
            for at, text in row.items():
                self._wrote[names[at]].add(text)

    def strayed(self, table: Table) -> dict[int, str]:
        """What has to stand in the header row where a row was inserted or deleted above it while we wrote: our headers
        landed above the owner's, or a status in the header itself."""
        if not owners_columns(table.columns):
            return {at: "" for at, name in enumerate(table.columns) if name in self._wrote.get(name, ())}
        if not {*self._owners} <= {*table.columns}:
            return {}
        header = {at: table.columns[at] if at < len(table.columns) else "" for at in self._landed}
        return {
            at: name if name in self._first.columns else ""
            for at, name in self._landed.items()
            if name not in table.columns
            and header[at] in self._wrote[name]
            and (header[at] or name in self._first.columns)
        }

    def hit(self, table: Table) -> list[int]:
        """Columns of the owner in which our texts seem to stand, since columns were moved while we wrote."""
        where = {name: at for at, name in enumerate(table.columns)}
        shifts = {where[name] - at for at, name in enumerate(self._first.columns) if name in where}
        found = {  # headers of the owner that ours have taken the place of
            at + shift
            for at, name in enumerate(self._first.columns)
            for shift in shifts - {0}
            if name in self._owners and name not in where and self._landed.get(at + shift) in where
        }
        moved = {
            at: self._wrote[name] - {""}
            for at, name in self._landed.items()
            if at < len(table.columns) and table.columns[at] not in {"", *OUR_COLUMNS}
        }
        for index in range(table.header, len(table)) if moved else ():
            values = table.values(index)
            found |= {at for at, texts in moved.items() if at < len(values) and values[at] in texts}
        return sorted(found)

    def believed(self, table: Table) -> Believed:
        """The table with what we wrote taken back, wherever it landed."""
        named = _named(table)
        nameless = [at for at in self._landed if at >= len(table.columns) or not table.columns[at]]
        places = self._places(table)
        taken_back: dict[int, dict[int, str]] = defaultdict(dict)
        alike: dict[int, list[tuple[int, Ours]]] = defaultdict(list)
        for index in range(table.header + 1, len(table)):
            values = table.values(index)
            for at in nameless:
                if at < len(values) and values[at] and values[at] in self._wrote[self._landed[at]]:
                    taken_back[index][at] = ""
            alike[_owners_hash(values, places)].append((index, _ours(values, named)))
        for mark, rows in alike.items():
            for index, ours, before in self._pairs(mark, rows, table):
                for name, there, text in zip(OUR_COLUMNS, ours, before, strict=True):
                    if there != text and there in self._wrote[name] and name in named:
                        taken_back[index][named[name]] = text
        return Believed(table, taken_back)

    def _pairs(self, mark: int, rows: Sequence[tuple[int, Ours]], table: Table) -> Iterator[tuple[int, Ours, Ours]]:
        """Those of these rows, which look the same to their owner, that may hold something else than before, with what
        that was."""
        if mark not in self._before:
            for index, ours in rows:
                if any(text in self._wrote[name] for name, text in zip(OUR_COLUMNS, ours, strict=True)):
                    yield index, ours, self._before_changed_row(index, ours, table)
            return
        left = Counter(self._before[mark])
        moved = []
        for index, ours in rows:
            if left[ours]:
                left[ours] -= 1
            else:
                moved.append((index, ours))
        others = left.elements()
        for index, ours in moved:
            yield index, ours, next(others, self._before[mark][0])  # more of them than before: copies

    def _before_changed_row(self, index: int, ours: Ours, table: Table) -> Ours:
        """What stood in a row that its owner has changed or inserted since: told by its key, else by its mark."""
        if (key := self._key_of(cells(table, index))) and (found := self._by_key.get(key)):
            return found[0]
        mark = ours[_ID_AT]
        if mark in self._by_mark:
            return self._by_mark[mark]
        if mark in self._keys and self._is_its_row(index, mark, table):
            return ours  # somebody changed the key just now: the mark has to stay, or the row would be sent again
        return _NOTHING

    def _is_its_row(self, index: int, mark: str, table: Table) -> bool:
        """Whether this is the row the mark was meant for, which has another key by now."""
        key = self._keys[mark]
        if not key or Rows(table, self._key_of).by_key.get(key):
            return False
        now = cells(table, index)
        for at in self._first_rows.get(key, ()):
            before = cells(self._first, at)
            filled = [name for name in self._owners if before[name]]
            if 2 * sum(now.get(name) == before[name] for name in filled) >= len(filled):
                return True
        return False

    def _places(self, table: Table) -> list[int]:
        """Where the columns stand now that were the owner's at first."""
        where = {name: at for at, name in enumerate(table.columns)}
        return [where.get(name, table.width) for name in self._owners]

    @cached_property
    def _rows(self) -> Sequence[tuple[int, Ours]]:
        named, places = _named(self._first), self._places(self._first)
        rows = map(self._first.values, range(self._first.header + 1, len(self._first)))
        return [(_owners_hash(values, places), _ours(values, named)) for values in rows]

    @cached_property
    def _before(self) -> Mapping[int, Sequence[Ours]]:
        found: dict[int, list[Ours]] = defaultdict(list)
        for mark, ours in self._rows:
            found[mark].append(ours)
        return found

    @cached_property
    def _by_mark(self) -> Mapping[str, Ours]:
        return {mark: ours for _, ours in self._rows if (mark := ours[_ID_AT])}

    @cached_property
    def _first_rows(self) -> Mapping[str, Sequence[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for index in range(self._first.header + 1, len(self._first)):
            if key := self._key_of(cells(self._first, index)):
                found[key].append(index)
        return found

    @cached_property
    def _by_key(self) -> Mapping[str, Sequence[Ours]]:
        start = self._first.header + 1
        return {key: [self._rows[at - start][1] for at in rows] for key, rows in self._first_rows.items()}


def _owners_hash(values: Sequence[str], places: Sequence[int]) -> int:
    """What tells a row by the cells that are its owner's."""
    return hash(tuple(values[at] if at < len(values) else "" for at in places))


def _named(table: Table) -> Mapping[str, int]:
    """Where our columns are."""
    return {name: at for at, name in enumerate(table.columns) if name in OUR_COLUMNS}


def _ours(values: Sequence[str], named: Mapping[str, int]) -> Ours:
    size = len(values)
    return tuple([values[named[name]] if name in named and named[name] < size else "" for name in OUR_COLUMNS])
