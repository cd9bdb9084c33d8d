"""Tells whether a sheet is open in Excel or LibreOffice."""

from __future__ import annotations

from pathlib import Path

from connectors.sheets.errors import SheetError


def check_closed(path: Path) -> None:
    """Raise `SheetError` while another program has the file open, as the file it puts beside it says."""
    for program, name in (("Excel", f"~${path.name}"), ("LibreOffice", f".~lock.{path.name}#")):
        if (path.parent / name).exists():
            raise SheetError(
                f"{path} is open in {program}: close it there, or delete {name} beside it if it is open nowhere."
            )
