"""Writes results into our columns of a sheet and leaves everything else as it stands, byte by byte."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path

from connectors.sheets.finding import find
from connectors.sheets.model import ID_COLUMN, OUR_COLUMNS, RowResult
from connectors.sheets.reading import Table, locate, take_apart
from connectors.sheets.replacing import rewrite
from connectors.sheets.rows import KeyOf, Rows

_FORMULA = re.compile(r"(^|[,;])(\s*[=+\-@＝＋－＠])")
"""What makes a spreadsheet calculate a cell: owasp.org/www-community/attacks/CSV_Injection. It may also stand behind a
delimiter that is not this file's, but that of the program somebody opens it with."""
_SIGN = re.compile(r"[=+\-@＝＋－＠]")
_KEPT = 1000
"""Texts kept as they are written: statuses and times are the same in row after row."""


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
        if strange := result.values.keys() - OUR_COLUMNS:
            raise ValueError(f"{min(strange)!r} is not one of our columns.")
    place = locate(path)
    return rewrite(place, partial(_filled_in, place=place, results=results, key_of=key_of), settle=settle)


def harmless(text: str) -> str:
    """The text on one line, with an apostrophe before whatever a spreadsheet would take for a formula."""
    line = " ".join(text.split())
    return _FORMULA.sub(r"\1'\2", line) if _SIGN.search(line) else line


def _filled_in(
    raw: bytes, *, place: Path, results: Sequence[RowResult], key_of: KeyOf
) -> tuple[bytes, list[RowResult]]:
    table = take_apart(raw, place)
    placed, missing = find(Rows(table, key_of), results)
    if not placed:
        return raw, missing
    columns = _our_columns(table)
    width = max(columns.values()) + 1

    @lru_cache(maxsize=_KEPT)
    def written(text: str) -> str:
        return table.encoding.fitted(harmless(text))

    for number, result in placed.items():
        shown = [(columns[name], written(value)) for name, value in result.values.items() if value or name != ID_COLUMN]
        _set(table, number - 1, shown, width)
    return table.encoding.encode(table.dialect.join(table.rows)), missing


def _our_columns(table: Table) -> dict[str, int]:
    """Where our columns stand; missing ones are added behind the longest row, so that they cover nobody's cell."""
    missing = [name for name in OUR_COLUMNS if name not in table.columns]
    if missing:
        width = max(len(table.dialect.record(row).cells) for row in table.rows)
        _set(table, 0, list(enumerate(missing, start=width)), width + len(missing))
        table.columns.extend([""] * (width - len(table.columns)) + missing)
    return {name: table.columns.index(name) for name in OUR_COLUMNS}


def _set(table: Table, index: int, texts: Sequence[tuple[int, str]], width: int) -> None:
    """Change these cells of a row, but those that say so already; each is a place and its text.

    A row that ends early is given empty cells up to this width, so that every program sees all of our columns in it.
    """
    dialect = table.dialect
    record, values = dialect.record(table.rows[index]), table.values(index)
    short = width - len(record.cells)
    if short > 0:
        record.cells.extend([dialect.quoted("")] * short)
    values.extend([""] * (len(record.cells) - len(values)))
    changed = [(at, text) for at, text in texts if text != values[at]]
    for at, text in changed:
        record.cells[at] = dialect.quoted(text)
    if changed or short > 0:
        table.rows[index] = dialect.put_together(record)
