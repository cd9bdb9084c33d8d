"""Reads a sheet, whatever it is kept as."""

from __future__ import annotations

from pathlib import Path

from connectors.sheets.grid import Grid, as_sheet
from connectors.sheets.model import Sheet
from connectors.sheets.places import Kind, Place, locate


def read(place: Place | Path | str) -> Sheet:
    """The sheet at `place` (see `locate`): texts as people see them, nothing trimmed but the columns' names.

    Raises `SheetError` with one sentence; `NoRows` if nothing stands below the header.
    """
    place = place if isinstance(place, Place) else locate(place)
    return as_sheet(_grid(place), place)


def _grid(place: Place) -> Grid:
    """Each kind's libraries are imported where that kind is read."""
    match place.kind:
        case Kind.CSV | Kind.TSV:
            from connectors.sheets.loading import load
            from connectors.sheets.text.reading import take_apart

            return take_apart(load(place.path), place)
        case Kind.XLSX | Kind.ODS:
            from connectors.sheets.excel.reading import read_grid

            return read_grid(place)
        case Kind.GOOGLE:
            from connectors.sheets.google.reading import read_grid as read_google

            return read_google(place)
