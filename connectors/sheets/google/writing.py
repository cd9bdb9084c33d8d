"""Fills our columns of a Google spreadsheet in, by key, and puts right what somebody's sorting displaced meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

from gspread.utils import rowcol_to_a1

from connectors.sheets.errors import SheetError
from connectors.sheets.filling import fill, harmless
from connectors.sheets.google.calling import Busy, Google, Moved, connect, never_at_rest
from connectors.sheets.google.memory import Believed, Memory
from connectors.sheets.google.portions import Cells, portions
from connectors.sheets.google.reading import Table, names, read_row, read_table
from connectors.sheets.google.worksheets import Worksheet
from connectors.sheets.model import OUR_COLUMNS, RowResult
from connectors.sheets.places import Place
from connectors.sheets.rows import KeyOf

ROUNDS = 15
"""Reading and writing in turn; two are enough unless somebody moves rows within the same second, again and again."""
SOON = 0.5
"""Seconds."""
LONGEST = 50_000
"""Characters a cell of Google's may hold."""


def write_google(
    place: Place, results: Sequence[RowResult], key_of: KeyOf, google: Google | None = None
) -> list[RowResult]:
    """See `write_back`. One process at a time writes a sheet; people may do with it what they like meanwhile."""
    if not results:
        return []
    with google or connect(place) as google:
        return _write(google, results, key_of)


def _write(google: Google, results: Sequence[RowResult], key_of: KeyOf) -> list[RowResult]:
    memory: Memory | None = None
    known: Worksheet | None = None
    for _ in range(ROUNDS):
        google.account.writes.ready()  # now, so that no wait comes between reading keys and writing cells
        begun = google.clock.now()
        table = read_table(google, known)
        known = table.worksheet
        if memory and (strayed := memory.strayed(table)):
            _put(google, table, {table.header: strayed}, begun)
            continue
        if memory and (hit := memory.hit(table)):
            raise _hit(google, table, hit)
        believed = memory.believed(table) if memory else Believed(table, {})
        filling = fill(believed, results, key_of, _fitted)
        wanted = dict(believed.taken_back)
        wanted |= {row: {**wanted.get(row, {}), **texts} for row, texts in filling.cells.items()}
        if filling.headers:
            wanted[table.header] = filling.headers
        changes = _changes(table, wanted)
        if not changes:
            return filling.missing
        memory = memory or Memory(table, results, key_of)
        memory.wrote(_named(table) | filling.headers, changes)
        _put(google, table, changes, begun)
    raise never_at_rest(google.place)


def _changes(table: Table, wanted: Cells) -> Cells:
    """Those of these cells that hold something else."""
    found: dict[int, dict[int, str]] = {}
    for row, texts in wanted.items():
        there = table.values(row)
        if changed := {at: text for at, text in texts.items() if text != (there[at] if at < len(there) else "")}:
            found[row] = changed
    return found


def _named(table: Table) -> dict[int, str]:
    return {at: name for at, name in enumerate(table.columns) if name in OUR_COLUMNS}


def _put(google: Google, table: Table, cells: Cells, begun: float) -> None:
    """Write these cells of a table that was read from `begun` on; whoever calls reads again anyway, which tells what
    became of it.

    A column that was moved since would let us write over its owner's, which nobody could put right afterwards. So the
    header is looked at once more, unless doing so would take longer than has passed.
    """
    worksheet, spreadsheet = table.worksheet, google.place.spreadsheet
    needed = max(max(texts) for texts in cells.values()) + 1 - worksheet.columns
    try:
        if needed > 0:
            more = {"sheetId": worksheet.id, "dimension": "COLUMNS", "length": needed}
            google.batch_update(spreadsheet, {"requests": [{"appendDimension": more}]})
        for portion in portions(worksheet, cells):
            late = table.header in cells or google.clock.now() - begun > SOON
            if late and names(read_row(google, worksheet, table.header)) != table.columns:
                return
            google.values_batch_update(spreadsheet, {"valueInputOption": "RAW", "data": portion})
    except Busy as busy:
        google.writing.pause(busy)
    except Moved:
        pass


def _fitted(text: str) -> str:
    """What Google would not keep as it is makes way: it has to be read back the same."""
    return text[:LONGEST] if text.isprintable() else harmless("".join(filter(str.isprintable, text)))[:LONGEST]


def _hit(google: Google, table: Table, hit: Sequence[int]) -> SheetError:
    letters = ", ".join(rowcol_to_a1(1, at + 1).rstrip("1") for at in hit)
    return SheetError(
        f"{google.place}: columns were moved at the very moment of writing, and statuses may stand in column {letters} "
        f"of {table.worksheet.title!r} now: restore it from the version history."
    )
