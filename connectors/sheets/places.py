"""Where a sheet is: a file by its ending, or a Google spreadsheet by its address."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote, unquote

from connectors.sheets.errors import SheetError

_GOOGLE = re.compile(r"https://docs\.google\.com/spreadsheets/(?:u/\d+/)?d/([A-Za-z0-9_-]+)")
_WORKBOOK = re.compile(r"(.+\.(?:xlsx|xlsm|ods))(?:#(.+))?", re.IGNORECASE | re.DOTALL)


class Kind(StrEnum):
    """What a sheet is kept as."""

    CSV = "csv"
    TSV = "tsv"
    XLSX = "xlsx"
    ODS = "ods"
    GOOGLE = "google"


@dataclass(frozen=True, slots=True)
class Place:
    """One sheet. `str()` of it is its one name, which `locate` understands again in every process."""

    kind: Kind
    path: Path = Path()
    """The file, links resolved; nothing for a Google spreadsheet."""
    spreadsheet: str = ""
    """The id of a Google spreadsheet."""
    worksheet: str | None = None
    """The worksheet's name, or `gid=` and its number; the first one if None."""

    def at(self, worksheet: str | None) -> Place:
        """The same file or spreadsheet at this worksheet; None changes nothing. Raises `SheetError` for a text file."""
        if worksheet is None:
            return self
        if self.kind in {Kind.CSV, Kind.TSV}:
            raise SheetError(f"{self} has no worksheets: leave --worksheet out, or give the workbook.")
        return replace(self, worksheet=worksheet)

    def __str__(self) -> str:
        if self.kind is Kind.GOOGLE:
            sheet = f"https://docs.google.com/spreadsheets/d/{self.spreadsheet}/edit"
            return sheet if self.worksheet is None else f"{sheet}#{quote(self.worksheet, safe='=')}"
        return str(self.path) if self.worksheet is None else f"{self.path}#{self.worksheet}"


def locate(text: Path | str) -> Place:
    """The place this text names. A worksheet stands behind a `#`: `people.xlsx#Staff`, or as Google's `#gid=…`.

    Raises `SheetError` for what is no sheet that can be read.
    """
    text = str(text)
    if re.match(r"https?:/", text):
        return _on_the_web(text)
    named = _WORKBOOK.fullmatch(text)
    path = _resolved(Path(named[1] if named else text))
    ending = path.suffix.lower()
    if named:
        return Place(Kind.ODS if ending == ".ods" else Kind.XLSX, path, worksheet=named[2])
    if ending in {".csv", ".tsv"}:
        return Place(Kind(ending[1:]), path)
    if os.path.isdir(path):  # noqa: PTH112 # Path.is_dir raises for a name that is too long
        raise SheetError(f"{path} is a folder: give the sheet in it.")
    raise SheetError(
        f"{path}: a sheet is a .csv, .tsv, .xlsx or .ods file: save it as one of these and give that file."
    )


def _resolved(path: Path) -> Path:
    try:
        return path.expanduser().resolve()
    except (OSError, RuntimeError):  # nobody of that name has a home here, or links that lead in a circle
        raise SheetError(f"{path} leads nowhere: give the sheet's own path.") from None


def _on_the_web(text: str) -> Place:
    address, _, fragment = text.partition("#")
    found = _GOOGLE.match(address)
    if not found:
        raise SheetError("This address is no Google spreadsheet: copy it from the browser while the sheet is open.")
    gid = re.search(r"[?&](gid=\d+)", address)
    worksheet = unquote(fragment) or (gid[1] if gid else "")
    return Place(Kind.GOOGLE, spreadsheet=found[1], worksheet=worksheet or None)
