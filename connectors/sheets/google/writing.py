"""Fills our columns of a Google spreadsheet in."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.sheets.errors import SheetError
from connectors.sheets.model import RowResult
from connectors.sheets.places import Place
from connectors.sheets.rows import KeyOf


def write_google(place: Place, results: Sequence[RowResult], key_of: KeyOf) -> list[RowResult]:
    """See `write_back`."""
    raise SheetError("Sheets on the web are not written yet: download the sheet as CSV and give that file.")
