"""Shows results in a copy beside the workbook: what the workbook says today, and our columns filled in."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from connectors.sheets.errors import SheetError
from connectors.sheets.excel import seals
from connectors.sheets.excel.editing import filled_in
from connectors.sheets.excel.escapes import fitted
from connectors.sheets.excel.openness import check_closed
from connectors.sheets.excel.package import Package
from connectors.sheets.excel.reading import read_grid, read_worksheet
from connectors.sheets.excel.whereto import status_place
from connectors.sheets.excel.workbook import Workbook
from connectors.sheets.filling import Filling, fill
from connectors.sheets.finding import find
from connectors.sheets.grid import Grid, cells
from connectors.sheets.loading import load
from connectors.sheets.model import ID_COLUMN, OUR_COLUMNS, RowResult
from connectors.sheets.places import Kind, Place
from connectors.sheets.replacing import TRIES, create, let_settle, rewrite
from connectors.sheets.rows import KeyOf, Rows
from connectors.sheets.text.reading import take_apart

Content = tuple[bytes, list[RowResult]]


def write_beside(place: Place, results: Sequence[RowResult], key_of: KeyOf, *, settle: float) -> list[RowResult]:
    """See `write_back`. What the copy shows of other rows is carried over; one that somebody saved is not touched."""
    status = status_place(place)
    made = _as_text if status.kind is Kind.CSV else _as_workbook

    def change(before: bytes) -> Content:
        check_closed(status.path)
        shown, origin = _with_present(_present(before, status), results, key_of)
        content, missing = made(place, status, before, shown, key_of)
        return content, [origin[id(result)] for result in missing if id(result) in origin]

    check_closed(status.path)
    let_settle(place.path, settle)
    for _ in range(TRIES):
        if status.path.exists():
            return rewrite(status.path, change, settle=settle)
        content, missing = change(b"")
        if not content or create(status.path, content, like=place.path):
            return missing
    raise SheetError(f"{status.path} keeps changing while it is written: close it in other programs and try again.")


def _present(before: bytes, status: Place) -> Grid | None:
    """What the copy shows, if there is one. Raises `SheetError` where somebody else has written into it."""
    if not before:
        return None
    is_ours = seals.is_noted(status.path, before) if status.kind is Kind.CSV else seals.is_sealed(before)
    if not is_ours:
        raise SheetError(f"{status.path} was saved by somebody since we wrote it: rename it, and a new one is made.")
    if status.kind is Kind.CSV:
        return take_apart(before, status)
    return read_worksheet(Workbook(Package(before, status)))[0]


def _with_present(
    grid: Grid | None, results: Sequence[RowResult], key_of: KeyOf
) -> tuple[list[RowResult], dict[int, RowResult]]:
    """These results and all that the copy shows beside them, and which result each of the first ones was."""
    if grid is None:
        return list(results), {id(result): result for result in results}
    rows = Rows(grid, key_of)
    placed = find(rows, results)[0]
    numbers = {id(result): number for number, result in placed.items()}
    shown = [_merged(result, _ours(grid, numbers.get(id(result)))) for result in results]
    origin = {id(merged): result for merged, result in zip(shown, results, strict=True)}
    for number, _ in rows.marks():
        if number not in placed and (ours := _ours(grid, number)):
            shown.append(RowResult(number, rows.key(number), ours))
    return shown, origin


def _merged(result: RowResult, ours: dict[str, str]) -> RowResult:
    named = {name: value for name, value in result.values.items() if value or name != ID_COLUMN}
    return RowResult(result.row, result.key, ours | named)


def _ours(grid: Grid, number: int | None) -> dict[str, str]:
    """What our columns say in this row."""
    if number is None:
        return {}
    return {name: text for name, text in cells(grid, number - 1).items() if name in OUR_COLUMNS and text}


def _as_workbook(place: Place, _: Place, before: bytes, results: list[RowResult], key_of: KeyOf) -> Content:
    raw = load(place.path)
    package = Package(raw, place)
    sheet, tab, layout = read_worksheet(Workbook(package))
    filling = fill(sheet, results, key_of, fitted)
    if filling.is_nothing:
        return before, filling.missing
    content = filled_in(raw, package, tab.part, layout, filling, sheet.header, comment=seals.PENDING)
    return seals.sealed(content), filling.missing


def _as_text(place: Place, status: Place, before: bytes, results: list[RowResult], key_of: KeyOf) -> Content:
    """UTF-8 with the mark in front that Excel needs to take it for that; rows stay where they are."""
    grid = read_grid(place)
    filling = fill(grid, results, key_of, fitted)
    if filling.is_nothing:
        return before, filling.missing
    width = max([grid.width - 1, *filling.headers]) + 1
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    for index in range(len(grid)):
        row = [*grid.values(index)]
        row += [""] * (width - len(row))
        for at, text in _changes(filling, index, grid.header).items():
            row[at] = text
        writer.writerow(row)
    content = file.getvalue().encode("utf-8-sig")
    if content != before:
        seals.note(status.path, before, content)
    return content, filling.missing


def _changes(filling: Filling, index: int, header: int) -> Mapping[int, str]:
    return filling.headers if index == header else filling.cells.get(index, {})
