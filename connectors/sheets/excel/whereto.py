"""Says where the results of a workbook go: beside it, or into it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from connectors.sheets.errors import SheetError
from connectors.sheets.places import Kind, Place

SETTING = "ESIGN_EXCEL"
_NO_NAME = re.compile(r'[<>:"/\\|?*\x00-\x1f]')


def in_place(place: Place) -> bool:
    """Whether results go into the workbook itself. OpenDocument sheets are never written into."""
    said = os.environ.get(SETTING, "").strip().lower()
    if said not in {"", "beside", "in-place"}:
        raise SheetError(f"{SETTING} is neither beside nor in-place: set it to one of these.")
    return said == "in-place" and place.kind is Kind.XLSX


def status_place(place: Place) -> Place:
    """The file beside the workbook; a worksheet that is asked for by its name has one of its own."""
    path = place.path
    name = path.stem if place.worksheet is None else f"{path.stem}.{_NO_NAME.sub('_', place.worksheet)}"
    if place.kind is Kind.ODS:
        return Place(Kind.CSV, path.with_name(f"{name}.status.csv"))
    return Place(place.kind, path.with_name(f"{name}.status{path.suffix}"), worksheet=place.worksheet)


def files(place: Place) -> tuple[Path, ...]:
    """The files that somebody may save while we write results: the workbook, and what stands beside it."""
    return (place.path,) if in_place(place) else (place.path, status_place(place).path)
