"""Reads a CSV or TSV sheet as a person sees it."""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from connectors.sheets.errors import SheetError
from connectors.sheets.grid import LONGEST_CELL, check_columns
from connectors.sheets.places import Kind, Place
from connectors.sheets.text.csvtext import Dialect, sniff
from connectors.sheets.text.encoding import Encoding, decode


@dataclass
class Table:
    """A sheet as text, row by row as it is written; a row is taken apart when somebody asks for it."""

    columns: list[str]
    rows: list[str]
    dialect: Dialect
    encoding: Encoding
    header: int
    notes: Sequence[str] = ()
    hidden: Collection[int] = field(default=(), init=False)
    """A text hides nothing."""

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def width(self) -> int:
        """How many columns the longest row has."""
        return max(len(self.dialect.record(row).cells) for row in self.rows)

    def values(self, index: int) -> list[str]:
        """What the cells of one row mean."""
        return self.dialect.values(self.rows[index])


def take_apart(raw: bytes, place: Place) -> Table:
    """The table these bytes are. Raises `SheetError` where they are none."""
    text, encoding = decode(raw, place.path)
    if not text.strip():
        raise SheetError(f"{place} is empty: the first row has to name the columns.")
    dialect = sniff(text, tab=place.kind is Kind.TSV)
    rows = dialect.rows(text)
    header = next((at for at, row in enumerate(rows) if any(map(str.strip, _values(dialect, row, at, place)))), 0)
    columns = [name.strip() for name in _values(dialect, rows[header], header, place)]
    while columns and not columns[-1]:
        columns.pop()  # trailing delimiters name nothing
    check_columns(columns, place)
    _check_rows(dialect, rows, place)
    return Table(columns, rows, dialect, encoding, header, _about(encoding))


def _about(encoding: Encoding) -> Sequence[str]:
    """Which encoding it was, unless it is the one everybody means."""
    if encoding.guessed:
        return (f"Read as {encoding.name}, which is a guess: look whether names with accents are right.",)
    return () if encoding.name == "utf-8" else (f"Read as {encoding.name}.",)


def _values(dialect: Dialect, row: str, index: int, place: Place) -> list[str]:
    try:
        return dialect.values(row)
    except csv.Error:
        raise SheetError(
            f"{place}, row {index + 1}: the quotation marks do not match up: correct them in a text editor."
        ) from None


def _check_rows(dialect: Dialect, rows: list[str], place: Place) -> None:
    for index, row in enumerate(rows):
        values = _values(dialect, row, index, place) if '"' in row or len(row) > LONGEST_CELL else ()
        if any(len(value) > LONGEST_CELL for value in values):
            raise SheetError(
                f"{place}, row {index + 1}: a cell holds more than {LONGEST_CELL:,} characters: shorten it, or look "
                "whether a quotation mark is missing."
            )
