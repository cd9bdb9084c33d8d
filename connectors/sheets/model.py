"""A sheet as people see it, and what we write into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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


class Number(str):
    """A cell's text that was made from a number, as Excel stores one: its decimal mark is a point, whatever people
    write otherwise where the sheet comes from."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row. `number` is the one the spreadsheet shows beside it; `cells` are texts as displayed, by column."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as it was read. Blank and hidden rows are left out, and so are cells beyond the last named column."""

    place: str
    """The file with its links resolved, or the address on the web, so that one sheet has one name; see `Place`."""
    columns: tuple[str, ...]
    rows: Sequence[SheetRow]
    """Made when they are asked for, each time anew: a long sheet is never held as rows."""
    notes: tuple[str, ...] = ()
    """What its owner may not expect about how it was read, one sentence each."""
    letters: Mapping[str, str] = field(default_factory=dict)
    """Which letter the spreadsheet shows above each column."""


@dataclass(frozen=True, slots=True)
class RowResult:
    """What is to be shown for one row: `row` is its number when it was read, `values` go from our column to text.

    `key` is None for a row that has none (an empty cell, which is what its result will say).
    """

    row: int
    key: str | None
    values: Mapping[str, str]
