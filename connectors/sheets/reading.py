"""Reads a CSV or TSV sheet as a person sees it."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from connectors.sheets.csvtext import Dialect, sniff
from connectors.sheets.encoding import Encoding, decode
from connectors.sheets.errors import SheetError
from connectors.sheets.model import OUR_COLUMNS, Sheet, SheetRow


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet as text, row by row as it is written; a row is taken apart when somebody asks for it."""

    columns: list[str]
    rows: list[str]
    dialect: Dialect
    encoding: Encoding

    def values(self, index: int) -> list[str]:
        """What the cells of one row mean."""
        return self.dialect.values(self.rows[index])

    def cells(self, index: int) -> dict[str, str]:
        """One row by column; a row that ends early has empty cells."""
        row = self.values(index)
        return {name: row[at] if at < len(row) else "" for at, name in enumerate(self.columns) if name}


def read(path: Path | str) -> Sheet:
    """The sheet at `path`, values as they stand: no types are guessed, nothing is trimmed but the column names.

    The delimiter (`,`, `;` or tab), the encoding (Unicode with or without a mark, else guessed) and quoted line
    breaks are found out. Raises `SheetError` with one sentence.
    """
    place = locate(path)
    table = take_apart(load(place), place)
    rows = (SheetRow(index + 1, table.cells(index)) for index in range(1, len(table.rows)))
    return Sheet(
        path=place,
        columns=tuple(name for name in table.columns if name),
        rows=tuple(row for row in rows if not is_blank(row.cells)),
    )


def is_blank(cells: dict[str, str]) -> bool:
    """Whether the owner wrote nothing into this row; what we wrote does not count."""
    return not any(value.strip() for name, value in cells.items() if name not in OUR_COLUMNS)


def locate(path: Path | str) -> Path:
    """The file itself, links resolved. Raises `SheetError` for a kind of sheet that is not read."""
    if str(path).startswith(("http://", "https://", "http:/", "https:/")):
        raise SheetError("Sheets on the web are not read yet: download the sheet as CSV and give that file.")
    place = Path(path).expanduser().resolve()
    ending = place.suffix.lower()
    if ending in {".xlsx", ".xlsm", ".xls", ".ods", ".numbers"}:
        raise SheetError(f"{place}: {ending} files are not read yet: save the sheet as CSV UTF-8 and give that file.")
    if ending not in {".csv", ".tsv"}:
        raise SheetError(f"{place}: a sheet is a .csv or .tsv file: save it as CSV UTF-8 and give that file.")
    return place


def load(place: Path) -> bytes:
    """The file's bytes. Raises `SheetError` when there is none or it may not be read."""
    try:
        return place.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise SheetError(f"There is no sheet at {place}: check the path.") from None
    except IsADirectoryError:
        raise SheetError(f"{place} is a folder: give the sheet in it.") from None
    except OSError:
        raise SheetError(
            f"{place} cannot be read: close it in other programs and check that you may read it."
        ) from None


def take_apart(raw: bytes, place: Path) -> Table:
    """The table these bytes are. Raises `SheetError` where they are none."""
    text, encoding = decode(raw, place)
    if not text.strip():
        raise SheetError(f"{place} is empty: the first row has to name the columns.")
    dialect = sniff(text, tab=place.suffix.lower() == ".tsv")
    rows = dialect.rows(text)
    _check_quotes(dialect, rows, place)
    columns = [name.strip() for name in dialect.values(rows[0])] if rows else []
    _check_columns(columns, place)
    return Table(columns, rows, dialect, encoding)


def _check_quotes(dialect: Dialect, rows: list[str], place: Path) -> None:
    for index, row in enumerate(rows):
        try:
            if '"' in row:
                dialect.values(row)
        except csv.Error:
            raise SheetError(
                f"{place}, row {index + 1}: the quotation marks do not match up: correct them in a text editor."
            ) from None


def _check_columns(columns: list[str], place: Path) -> None:
    if not any(columns):
        raise SheetError(f"{place}: row 1 is empty: it has to name the columns.")
    twice = [name for name, times in Counter(columns).items() if name and times > 1]
    if twice:
        raise SheetError(f"{place}: the column {twice[0]!r} is there twice: rename or delete one of them.")
