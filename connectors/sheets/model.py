"""A sheet as people see it, and what we write into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ID_COLUMN = "esign id"
OUR_COLUMNS = (
    "esign status",
    "esign waiting for",
    "esign sent",
    "esign last event",
    "esign next reminder",
    "esign problem",
    "esign document",
    ID_COLUMN,
)
"""The columns we add at the right; all others belong to the sheet's owner and are never touched."""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row. `number` is the one Excel shows beside it, the header being row 1; `cells` are texts as displayed."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as it was read. Blank rows are left out, and so are cells beyond the last named column."""

    path: Path
    """Absolute, with links resolved, so that one file has one name."""
    columns: tuple[str, ...]
    rows: tuple[SheetRow, ...]


@dataclass(frozen=True, slots=True)
class RowResult:
    """What is to be shown for one row: `row` is its number when it was read, `values` go from our column to text.

    `key` is None for a row that has none (an empty cell, which is what its result will say).
    """

    row: int
    key: str | None
    values: Mapping[str, str]
