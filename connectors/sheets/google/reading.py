"""Reads a Google spreadsheet's worksheet as a person sees it."""

from __future__ import annotations

from connectors.sheets.errors import SheetError
from connectors.sheets.grid import Grid
from connectors.sheets.places import Place


def read_grid(place: Place) -> Grid:
    """The worksheet at this place. Raises `SheetError`."""
    raise SheetError("Sheets on the web are not read yet: download the sheet as CSV and give that file.")
