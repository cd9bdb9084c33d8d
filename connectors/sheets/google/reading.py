"""Reads a Google spreadsheet's worksheet as a person sees it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gspread.utils import rowcol_to_a1

from connectors.sheets.errors import SheetError
from connectors.sheets.google.calling import Google, Moved, connect, never_at_rest
from connectors.sheets.google.displaying import FIELDS, LOADING, text_of
from connectors.sheets.google.packing import pack, unpack, width
from connectors.sheets.google.worksheets import FIELDS as WORKSHEET
from connectors.sheets.google.worksheets import Worksheet, find_worksheet, worksheet_of
from connectors.sheets.grid import LONGEST_CELL, MOST_COLUMNS, Grid, check_columns
from connectors.sheets.places import Place

AT_ONCE = 100_000
"""Cells asked for in one call; Google answers with some 100 bytes for each that is filled."""
MOST_ROWS = 2_000_000
TRIES = 3
_DATA = f"sheets({WORKSHEET},data(rowData(values({FIELDS})),rowMetadata(hiddenByUser,hiddenByFilter)))"


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


def read_table(google: Google, known: Worksheet | None = None) -> Table:
    """The worksheet, whatever its header is like; one call less if it is known. Raises `SheetError`."""
    for _ in range(TRIES):
        try:
            return _table(google, known or find_worksheet(google))
        except Moved:  # between two calls of ours
            known = None
    raise never_at_rest(google.place)


def _table(google: Google, known: Worksheet) -> Table:
    table = Table(known, notes=known.notes)
    hidden: set[int] = set()
    for index, values, is_hidden in _rows(google, table):
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


def _rows(google: Google, table: Table) -> Iterator[tuple[int, list[str], bool]]:
    """Each row's number from 0, its texts, and whether it is hidden. What is read brings the worksheet's size along."""
    start = 0
    while start < table.worksheet.rows:
        columns = table.worksheet.columns
        end = min(start + max(AT_ONCE // columns, 1), table.worksheet.rows)
        sheet = _answer(google, table.worksheet, start, end)
        table.worksheet = replace(worksheet_of(sheet), notes=table.notes)
        if table.worksheet.columns > columns <= MOST_COLUMNS or table.worksheet.rows < end:
            raise Moved  # made wider or shorter since
        if table.worksheet.rows > MOST_ROWS:
            raise SheetError(f"{google.place} has more than {MOST_ROWS:,} rows: delete the empty ones at its end.")
        yield from _texts(sheet, start, end)
        start = end


def _texts(sheet: Mapping[str, Any], start: int, end: int) -> Iterator[tuple[int, list[str], bool]]:
    data: Mapping[str, Any] = next(iter(sheet.get("data", ())), {})
    rows, about = data.get("rowData", ()), data.get("rowMetadata", ())
    for at in range(end - start):  # what is empty at the end may be left off
        values = rows[at].get("values", ()) if at < len(rows) else ()
        row = about[at] if at < len(about) else {}
        hidden = bool(row.get("hiddenByUser") or row.get("hiddenByFilter"))
        yield start + at, [text_of(cell) if cell else "" for cell in values], hidden


def names(values: Sequence[str]) -> list[str]:
    """The columns that a header row names."""
    found = [value.strip() for value in values]
    while found and not found[-1]:
        found.pop()
    return found


def read_row(google: Google, worksheet: Worksheet, index: int) -> list[str]:
    """One row's texts as they are now. Raises `Moved`."""
    sheet = _answer(google, worksheet, index, index + 1)
    return next(values for _, values, _ in _texts(sheet, index, index + 1))


def _answer(google: Google, worksheet: Worksheet, start: int, end: int) -> Mapping[str, Any]:
    """What Google knows of the worksheet, with these rows. Raises `Moved` if it is another one by now."""
    last = min(worksheet.columns, MOST_COLUMNS + 1) - 1  # one more, so that too many are found out
    ranges = worksheet.range((start, 0), (end - 1, last))
    answer = google.spreadsheets_get(google.place.spreadsheet, {"ranges": ranges, "fields": _DATA})
    for sheet in answer.get("sheets", ()):
        if sheet["properties"].get("sheetId", 0) == worksheet.id:
            found: Mapping[str, Any] = sheet
            return found
    raise Moved
