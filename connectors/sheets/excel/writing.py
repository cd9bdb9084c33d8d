"""Fills our columns of a workbook in: in a copy beside it, or in the workbook itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from connectors.sheets.errors import SheetError
from connectors.sheets.excel.beside import write_beside
from connectors.sheets.excel.editing import filled_in
from connectors.sheets.excel.escapes import fitted
from connectors.sheets.excel.openness import check_closed
from connectors.sheets.excel.package import Package
from connectors.sheets.excel.reading import read_worksheet
from connectors.sheets.excel.whereto import in_place
from connectors.sheets.excel.workbook import Workbook
from connectors.sheets.filling import fill
from connectors.sheets.model import RowResult
from connectors.sheets.places import Place
from connectors.sheets.replacing import rewrite
from connectors.sheets.rows import KeyOf


def write_workbook(place: Place, results: Sequence[RowResult], key_of: KeyOf, *, settle: float) -> list[RowResult]:
    """See `write_back`. `settle`: see `rewrite`."""
    if not in_place(place):
        return write_beside(place, results, key_of, settle=settle)
    check_closed(place.path)
    return rewrite(place.path, partial(_change, place=place, results=results, key_of=key_of), settle=settle)


def _change(raw: bytes, *, place: Place, results: Sequence[RowResult], key_of: KeyOf) -> tuple[bytes, list[RowResult]]:
    package = Package(raw, place)
    book = Workbook(package)
    if any(name.lower().startswith("_xmlsignatures/") for name in package.names):
        raise SheetError(f"{place.path} has a digital signature, which writing into it would break: unset ESIGN_EXCEL.")
    sheet, tab, layout = read_worksheet(book)
    filling = fill(sheet, results, key_of, fitted)
    if filling.is_nothing:
        return raw, filling.missing
    content = filled_in(raw, package, tab.part, layout, filling, sheet.header)
    check_closed(place.path)
    return content, filling.missing
