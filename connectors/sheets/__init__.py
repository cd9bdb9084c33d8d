"""Reads spreadsheets and writes the status columns back into them."""

from __future__ import annotations

from connectors.sheets.errors import NoRows, SheetError
from connectors.sheets.model import OUR_COLUMNS, Number, RowResult, Sheet, SheetRow
from connectors.sheets.places import Kind, Place, locate
from connectors.sheets.reading import read
from connectors.sheets.writing import shown_in, signature, write_back

__all__ = [
    "OUR_COLUMNS",
    "Kind",
    "NoRows",
    "Number",
    "Place",
    "RowResult",
    "Sheet",
    "SheetError",
    "SheetRow",
    "locate",
    "read",
    "shown_in",
    "signature",
    "write_back",
]
