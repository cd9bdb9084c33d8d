"""Reads spreadsheets and writes the status columns back into them."""

from __future__ import annotations

from connectors.sheets.errors import SheetError
from connectors.sheets.model import OUR_COLUMNS, RowResult, Sheet, SheetRow
from connectors.sheets.reading import read
from connectors.sheets.writing import write_back

__all__ = ["OUR_COLUMNS", "RowResult", "Sheet", "SheetError", "SheetRow", "read", "write_back"]
