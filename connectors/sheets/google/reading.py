"""Reads a Google spreadsheet's worksheet as a person sees it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gspread.utils import rowcol_to_a1

from connectors.sheets.errors import SheetError
from connectors.sheets.google.calling import Google, Moved, connect, never_at_rest
from connectors.sheets.google.displaying import FIELDS, LOADING, text_of
from connectors.sheets.google.packing import pack, unpack, width
from connectors.sheets.google.worksheets import Worksheet, find_worksheet
from connectors.sheets.grid import LONGEST_CELL, MOST_COLUMNS, Grid, check_columns
from connectors.sheets.places import Place

AT_ONCE = 100_000
"""Cells asked for in one call; Google answers with some 100 bytes for each that is filled."""
MOST_ROWS = 2_000_000
TRIES = 3
_DATA = f"sheets(data(rowData(values({FIELDS})),rowMetadata(hiddenByUser,hiddenByFilter)))"


@dataclass
class Table:
    """A worksheet, its rows packed; see `Grid`."""

    worksheet: Worksheet
    columns: list[str] = field(default_factory=list)
    header: int = 0
    rows: list[str] = field(default_factory=list)
    hidden: Collection[int] = ()
    notes: Sequence[str] = ()
    width: int = 0
    loading: str | None = None
    """A cell Google has not worked out yet."""

    def __len__(self) -> int:
        return len(self.rows)

    def values(self, index: int) -> list[str]:
        """One row's texts."""
        return unpack(self.rows[index])


def read_grid(place: Place, google: Google | None = None) -> Grid:
    """The worksheet at this place. Raises `SheetError`."""
    with google or connect(place) as google:
        table = read_table(google)
    if merged := table.worksheet.merged(table.header):
        raise SheetError(f"{place}: {merged} is merged: unmerge it, so that each column has a name of its own.")
    if table.loading:
        raise SheetError(f"{place}: {table.loading} is still being worked out: try again in a moment.")
    return table


def read_table(google: Google) -> Table:
    """The worksheet, whatever its header is like. Raises `SheetError`."""
    for _ in range(TRIES):
        try:
            return _table(google)
        except Moved:  # between two calls of ours
            continue
    raise never_at_rest(google.place)


def _table(google: Google) -> Table:
    worksheet = find_worksheet(google)
    if worksheet.rows > MOST_ROWS:
        raise SheetError(f"{google.place} has more than {MOST_ROWS:,} rows: delete the empty ones at its end.")
    table = Table(worksheet, notes=worksheet.notes)
    hidden: set[int] = set()
    for index, values, is_hidden in _rows(google, worksheet):
        if is_hidden:
            hidden.add(index)
        if table.loading is None and LOADING in values:
            table.loading = rowcol_to_a1(index + 1, values.index(LOADING) + 1)
        if any(len(value) > LONGEST_CELL for value in values):
            raise SheetError(f"{google.place}, row {index + 1}: a cell holds more than {LONGEST_CELL:,} characters.")
        table.rows.append(pack(values))
    table.hidden = hidden
    while table.rows and not table.rows[-1]:
        table.rows.pop()
    table.width = max(map(width, table.rows), default=0)
    table.header = next((at for at, row in enumerate(table.rows) if any(map(str.strip, unpack(row)))), 0)
    table.columns = names(table.values(table.header)) if table.rows else []
    check_columns(table.columns, google.place)
    return table


def _rows(google: Google, worksheet: Worksheet) -> Iterator[tuple[int, list[str], bool]]:
    """Each row's number from 0, its texts, and whether it is hidden."""
    together = max(AT_ONCE // worksheet.columns, 1)
    for start in range(0, worksheet.rows, together):
        end = min(start + together, worksheet.rows)
        data = _data(google, worksheet, start, end)
        rows, about = data.get("rowData", ()), data.get("rowMetadata", ())
        for at in range(max(len(rows), len(about))):
            values = rows[at].get("values", ()) if at < len(rows) else ()
            row = about[at] if at < len(about) else {}
            hidden = bool(row.get("hiddenByUser") or row.get("hiddenByFilter"))
            yield start + at, [text_of(cell) if cell else "" for cell in values], hidden
        for at in range(max(len(rows), len(about)), end - start):  # what is empty at the end may be left off
            yield start + at, [], False


def names(values: Sequence[str]) -> list[str]:
    """The columns that a header row names."""
    found = [value.strip() for value in values]
    while found and not found[-1]:
        found.pop()
    return found


def read_row(google: Google, worksheet: Worksheet, index: int) -> list[str]:
    """One row's texts as they are now."""
    rows = _data(google, worksheet, index, index + 1).get("rowData", ())
    return [text_of(cell) if cell else "" for row in rows for cell in row.get("values", ())]


def _data(google: Google, worksheet: Worksheet, start: int, end: int) -> Mapping[str, Any]:
    """What Google knows of these rows."""
    last = min(worksheet.columns, MOST_COLUMNS + 1) - 1  # one more, so that too many are found out
    ranges = worksheet.range((start, 0), (end - 1, last))
    answer = google.spreadsheets_get(google.place.spreadsheet, {"ranges": ranges, "fields": _DATA})
    for sheet in answer.get("sheets", ()):
        for data in sheet.get("data", ()):
            found: Mapping[str, Any] = data
            return found
    return {}
