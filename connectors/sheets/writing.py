"""Writes results into our columns of a sheet and leaves everything else as it stands, byte by byte."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from connectors.sheets.finding import KeyOf, find
from connectors.sheets.model import ID_COLUMN, OUR_COLUMNS, RowResult
from connectors.sheets.reading import Table, is_blank, locate, take_apart
from connectors.sheets.replacing import rewrite

_FORMULA = re.compile(r"(^|[,;])(\s*[=+\-@＝＋－＠])")
"""What makes a spreadsheet calculate a cell: owasp.org/www-community/attacks/CSV_Injection. It may also stand behind a
delimiter that is not this file's, but that of the program somebody opens it with."""


def write_back(
    path: Path | str, results: Sequence[RowResult], key_of: KeyOf, *, settle: float = 0.2
) -> list[RowResult]:
    """Show these results in the sheet as it is now; returns those whose row is no longer there.

    `key_of` gives a row's key, or None where it has none. Our columns are added at the right if they are missing.
    Only columns named in a result's values change; an `esign id` is never emptied. Delimiter, quoting, line
    endings and encoding stay. A second call with the same results does not touch the file. `settle`: see `rewrite`.
    Raises `SheetError` with one sentence, and `ValueError` for a column that is not ours.
    """
    for result in results:
        if strange := set(result.values) - set(OUR_COLUMNS):
            raise ValueError(f"{min(strange)!r} is not one of our columns.")
    place = locate(path)
    return rewrite(place, partial(_filled_in, place=place, results=results, key_of=key_of), settle=settle)


def harmless(text: str) -> str:
    """The text on one line, with an apostrophe before whatever a spreadsheet would take for a formula."""
    line = " ".join(text.split())
    return _FORMULA.sub(r"\1'\2", line)


def _filled_in(
    raw: bytes, *, place: Path, results: Sequence[RowResult], key_of: KeyOf
) -> tuple[bytes, list[RowResult]]:
    table = take_apart(raw, place)
    rows = {index + 1: table.cells(index) for index in range(1, len(table.records))}
    rows = {number: cells for number, cells in rows.items() if not is_blank(cells)}
    placed, missing = find(rows, results, key_of)
    if not placed:
        return raw, missing
    columns = _our_columns(table)
    for number, result in placed.items():
        for name, value in result.values.items():
            if value or name != ID_COLUMN:
                _set(table, number - 1, columns[name], harmless(value))
        _fill_up(table, number - 1, max(columns.values()) + 1)
    return table.encoding.encode(table.dialect.join(table.records)), missing


def _our_columns(table: Table) -> dict[str, int]:
    """Where our columns stand; missing ones are added behind the longest row, so that they cover nobody's cell."""
    missing = [name for name in OUR_COLUMNS if name not in table.columns]
    if missing:
        width = max(len(record.cells) for record in table.records)
        for at, name in enumerate(missing, start=width):
            _set(table, 0, at, name)
            table.columns.extend([""] * (at - len(table.columns)) + [name])
    return {name: table.columns.index(name) for name in OUR_COLUMNS}


def _set(table: Table, index: int, at: int, text: str) -> None:
    """Change one cell, unless it says so already."""
    text = table.encoding.fitted(text)
    _fill_up(table, index, at + 1)
    values, cells = table.values[index], table.records[index].cells
    if text != values[at]:
        cells[at], values[at] = table.dialect.quoted(text), text


def _fill_up(table: Table, index: int, width: int) -> None:
    """Give a row that ends early empty cells, so that every program sees all of our columns in it."""
    values, cells = table.values[index], table.records[index].cells
    cells.extend([table.dialect.quoted("")] * (width - len(cells)))
    values.extend([""] * (len(cells) - len(values)))
