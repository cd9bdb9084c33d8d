"""Makes a new sheet that tells its owner what to fill in."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from connectors.sheets.errors import SheetError
from connectors.sheets.model import OUR_COLUMNS
from connectors.sheets.places import Kind, Place, locate

ColumnKind = Literal["text", "email", "phone", "date", "money", "number", "integer", "choice", "yes_no", "url"]
YES_NO = ("yes", "no")
_KINDS: Mapping[ColumnKind, str] = {
    "text": "Text.",
    "email": "An e-mail address.",
    "phone": "A phone number, best with + and the country code.",
    "date": "A date, such as 2026-12-31.",
    "money": "An amount.",
    "number": "A number.",
    "integer": "A whole number.",
    "choice": "One of the list.",
    "yes_no": "yes or no.",
    "url": "A web address.",
}


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """One column of a new sheet: its header, what it holds, and what its owner is told about it."""

    name: str
    kind: ColumnKind = "text"
    note: str = ""
    """All that its owner is told about it, in some sentences; if empty, what its kind is."""
    choices: tuple[str, ...] = ()
    """What a column of kind `choice` may hold."""
    required: bool = True

    @property
    def offered(self) -> tuple[str, ...]:
        """What a drop-down offers; nothing where anything may be typed."""
        return YES_NO if self.kind == "yes_no" else self.choices if self.kind == "choice" else ()

    @property
    def explanation(self) -> str:
        """What its header's note says: its own note, else what its kind is."""
        return self.note or " ".join(filter(None, (_KINDS[self.kind], "" if self.required else "May stay empty.")))


def make(place: Place | Path | str, columns: Sequence[ColumnPlan], rows: Sequence[Mapping[str, str]] = ()) -> None:
    """Make a sheet with these columns and sample rows, each a mapping from a column's name to what stands there.

    Dates are `2026-12-31` and numbers have a decimal point there. Our own columns are added at the right. What is
    already there is never overwritten: `SheetError` with one sentence.
    """
    place = place if isinstance(place, Place) else locate(place)
    match place.kind:
        case Kind.CSV | Kind.TSV:
            create(place, _as_text(place.kind, columns, rows))
        case Kind.XLSX if place.path.suffix.lower() != ".xlsx":
            raise SheetError(f"{place}: a new workbook has no macros: make it as .xlsx.")
        case Kind.XLSX:
            from connectors.sheets.excel.making import workbook

            create(place, workbook(place, columns, rows))
        case Kind.ODS:
            raise SheetError(f"{place}: a new sheet is made as .xlsx or .csv: LibreOffice opens both.")
        case Kind.GOOGLE:
            from connectors.sheets.google.making import make_google

            make_google(place, columns, rows)


def create(place: Place, content: bytes) -> None:
    """Write a file that is not there yet. Raises `SheetError`."""
    try:
        with place.path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise SheetError(f"{place.path} is already there: choose another name, or move it away first.") from None
    except OSError:
        raise SheetError(f"{place.path} cannot be written: check the folder, its permissions and the space.") from None


def _as_text(kind: Kind, columns: Sequence[ColumnPlan], rows: Sequence[Mapping[str, str]]) -> bytes:
    """UTF-8 with the mark in front that Excel needs to take it for that."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter="\t" if kind is Kind.TSV else ",")
    names = [column.name for column in columns]
    writer.writerow([*names, *OUR_COLUMNS])
    for row in rows:
        writer.writerow([row.get(name, "") for name in names] + [""] * len(OUR_COLUMNS))
    return file.getvalue().encode("utf-8-sig")
