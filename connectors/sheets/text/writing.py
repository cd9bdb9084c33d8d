"""Fills our columns of a CSV or TSV sheet in, and leaves everything else as it stands, byte by byte."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from connectors.sheets.filling import fill
from connectors.sheets.model import RowResult
from connectors.sheets.places import Place
from connectors.sheets.replacing import rewrite
from connectors.sheets.rows import KeyOf
from connectors.sheets.text.reading import Table, take_apart


def write_text(place: Place, results: Sequence[RowResult], key_of: KeyOf, *, settle: float) -> list[RowResult]:
    """See `write_back`. Delimiter, quoting, line endings and encoding stay. `settle`: see `rewrite`."""
    return rewrite(place.path, partial(_filled_in, place=place, results=results, key_of=key_of), settle=settle)


def _filled_in(
    raw: bytes, *, place: Place, results: Sequence[RowResult], key_of: KeyOf
) -> tuple[bytes, list[RowResult]]:
    table = take_apart(raw, place)
    filling = fill(table, results, key_of, table.encoding.fitted)
    if not filling.cells:
        return raw, filling.missing
    width = max([*filling.headers, len(table.columns) - 1]) + 1
    if filling.headers:
        _set(table, table.header, filling.headers, width)
    for index, texts in filling.cells.items():
        _set(table, index, texts, width)
    return table.encoding.encode(table.dialect.join(table.rows)), filling.missing


def _set(table: Table, index: int, texts: Mapping[int, str], width: int) -> None:
    """Change these cells of a row; each is a place and its text.

    A row that ends early is given empty cells up to this width, so that every program sees all of our columns in it.
    """
    dialect = table.dialect
    record = dialect.record(table.rows[index])
    short = width - len(record.cells)
    if short <= 0 and not texts:
        return
    record.cells.extend([dialect.quoted("")] * short)
    for at, text in texts.items():
        record.cells[at] = dialect.quoted(text)
    table.rows[index] = dialect.put_together(record)
