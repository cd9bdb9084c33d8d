"""Fills our columns of a workbook in."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.sheets.errors import SheetError
from connectors.sheets.model import RowResult
from connectors.sheets.places import Place
from connectors.sheets.rows import KeyOf


def write_workbook(place: Place, results: Sequence[RowResult], key_of: KeyOf, *, settle: float) -> list[RowResult]:
    """See `write_back`."""
    raise SheetError(f"{place}: workbooks are not written yet: save the sheet as CSV UTF-8 and give that file.")
