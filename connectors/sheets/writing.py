"""Writes results into our columns of a sheet, whatever it is kept as, and leaves everything else as it stands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from connectors.sheets.errors import SheetError
from connectors.sheets.model import OUR_COLUMNS, RowResult
from connectors.sheets.places import Kind, Place, locate
from connectors.sheets.rows import KeyOf


def write_back(
    place: Place | Path | str, results: Sequence[RowResult], key_of: KeyOf, *, settle: float = 0.2
) -> list[RowResult]:
    """Show these results in the sheet as it is now; returns those whose row is no longer there.

    `key_of` gives a row's key, or None where it has none. Our columns are added at the right if they are missing.
    Only columns named in a result's values change; an `esign id` is never emptied. A second call with the same
    results does not touch the sheet. A file saved less than `settle` seconds ago is left alone that long.
    Raises `SheetError` with one sentence, and `ValueError` for a column that is not ours.
    """
    for result in results:
        if strange := result.values.keys() - OUR_COLUMNS:
            raise ValueError(f"{min(strange)!r} is not one of our columns.")
    place = place if isinstance(place, Place) else locate(place)
    match place.kind:
        case Kind.CSV | Kind.TSV:
            from connectors.sheets.text.writing import write_text

            return write_text(place, results, key_of, settle=settle)
        case Kind.XLSX | Kind.ODS:
            from connectors.sheets.excel.writing import write_workbook

            return write_workbook(place, results, key_of, settle=settle)
        case Kind.GOOGLE:
            from connectors.sheets.google.writing import write_google

            return write_google(place, results, key_of)


def signature(place: Place | Path | str) -> tuple[int, ...]:
    """What tells a file that somebody saved from the one we left; nothing where that cannot be told.

    Where results go beside a workbook, both files count, as far as they are there.
    """
    place = place if isinstance(place, Place) else locate(place)
    if place.kind is Kind.GOOGLE:
        return ()
    try:
        first, *beside = _files(place)
        return sum((_state(path) for path in beside if path.exists()), _state(first))
    except (OSError, SheetError):
        return ()


def _files(place: Place) -> tuple[Path, ...]:
    if place.kind in {Kind.CSV, Kind.TSV}:
        return (place.path,)
    from connectors.sheets.excel.whereto import files

    return files(place)


def _state(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def shown_in(place: Place | Path | str) -> str:
    """Where results are shown: the sheet itself, or the file beside it."""
    place = place if isinstance(place, Place) else locate(place)
    if place.kind not in {Kind.XLSX, Kind.ODS}:
        return str(place)
    from connectors.sheets.excel.whereto import in_place, status_place

    return str(place if in_place(place) else status_place(place))
