"""One worksheet in memory: a grid of cells, what is known of its rows and columns, and what people do to it by hand."""

from __future__ import annotations

import copy
import random
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gspread.utils import a1_to_rowcol, column_letter_to_index, rowcol_to_a1

from tests.google.cells import Cell, Failure
from tests.google.display import LOCALES, Locale
from tests.google.entering import entered
from tests.google.errors import Refused
from tests.google.ranges import Box

MAX_CELLS = 10_000_000
MAX_TEXT = 50_000
ROWS, COLUMNS = "ROWS", "COLUMNS"


@dataclass
class Line:
    """What belongs to a row or a column and not to its cells."""

    hidden: bool = False
    filtered: bool = False
    pixels: int = 0
    metadata: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Written:
    """One cell that a call has set, as a person would name it: `Written("People", "B7")`."""

    title: str
    cell: str
    row: int
    column: int


class Worksheet:
    """Rows and columns are counted from one in what people do, from zero in what the API does."""

    def __init__(
        self, sheet_id: int, title: str, rows: int, columns: int, lock: threading.RLock, locale: Callable[[], str]
    ) -> None:
        self.id, self.title = sheet_id, title
        self.lock, self._locale = lock, locale
        self.cells: list[list[Cell | None]] = [[] for _ in range(rows)]
        self.rows = [Line() for _ in range(rows)]
        self.columns = [Line() for _ in range(columns)]
        self.properties: dict[str, Any] = {}
        """What else of Google's SheetProperties is set, `gridProperties` without the counts."""
        self.merges: list[dict[str, Any]] = []
        self.conditional_formats: list[dict[str, Any]] = []
        self.protected: list[dict[str, Any]] = []
        self.filter: dict[str, Any] | None = None
        self.journal: list[Written] | None = None
        """Where the cells go that the call under way sets; None while a person works."""

    @property
    def row_count(self) -> int:
        return len(self.rows)

    @property
    def column_count(self) -> int:
        return len(self.columns)

    @property
    def frozen_rows(self) -> int:
        return int(self.properties.get("gridProperties", {}).get("frozenRowCount", 0))

    @property
    def locale(self) -> Locale:
        return LOCALES[self._locale()]

    def contents(self) -> dict[str, Any]:
        """A copy of everything that a change could touch."""
        names = ("title", "rows", "columns", "properties", "merges", "conditional_formats", "protected", "filter")
        return {
            "cells": [[cell and cell.copy() for cell in line] for line in self.cells],
            **{name: copy.deepcopy(getattr(self, name)) for name in names},
        }

    # Cells, from zero.

    def at(self, row: int, column: int) -> Cell | None:
        line = self.cells[row]
        return line[column] if column < len(line) else None

    def make(self, row: int, column: int) -> Cell:
        line = self.cells[row]
        line.extend([None] * (column + 1 - len(line)))
        cell = line[column]
        if cell is None:
            cell = line[column] = Cell()
        return cell

    def enter(self, row: int, column: int, value: Any, raw: bool) -> None:
        """Set one cell as the API does: None leaves it, an empty string empties it, formats stay."""
        if value is None:
            return
        self.refuse_long(value)
        self.refuse_protected(row, column)
        self.note_written(row, column)
        if value == "":
            if (cell := self.at(row, column)) is not None:
                cell.entered = None
            return
        cell = self.make(row, column)
        if raw or not isinstance(value, str):
            kind = (
                "boolValue" if isinstance(value, bool) else "stringValue" if isinstance(value, str) else "numberValue"
            )
            cell.entered = {kind: value}
            return
        kept, brought = entered(value, cell.number_format.get("type", ""), self.locale)
        cell.entered = kept
        if brought and not cell.number_format:
            cell.number_format = dict(brought)

    @staticmethod
    def refuse_long(value: Any) -> None:
        if isinstance(value, str) and len(value) > MAX_TEXT:
            raise Refused(f"Your input contains more than the maximum of {MAX_TEXT} characters in a single cell.")

    def note_written(self, row: int, column: int) -> None:
        if self.journal is not None:
            self.journal.append(Written(self.title, rowcol_to_a1(row + 1, column + 1), row + 1, column + 1))

    def refuse_protected(self, row: int, column: int) -> None:
        if self.journal is None:
            return
        for protection in self.protected:
            limits = protection.get("range", {})
            if (
                not protection.get("warningOnly")
                and not protection.get("requestingUserCanEdit")
                and limits.get("startRowIndex", 0) <= row < limits.get("endRowIndex", row + 1)
                and limits.get("startColumnIndex", 0) <= column < limits.get("endColumnIndex", column + 1)
            ):
                raise Refused(
                    "You are trying to edit a protected cell or object. Please contact the spreadsheet owner to remove "
                    "protection if you need to edit."
                )

    # The grid, from zero.

    def insert(self, dimension: str, at: int, count: int, like_before: bool = False) -> None:
        if dimension == ROWS:
            self.refuse_growth(count, 0)
            self.rows[at:at] = [Line() for _ in range(count)]
            fresh = [[copied_format(cell) for cell in self.cells[at - 1]] if like_before else [] for _ in range(count)]
            self.cells[at:at] = fresh
        else:
            self.refuse_growth(0, count)
            self.columns[at:at] = [Line() for _ in range(count)]
            for line in self.cells:
                if at < len(line):
                    line[at:at] = [copied_format(line[at - 1]) if like_before else None for _ in range(count)]
        for limits in self._ranges():
            shift(limits, dimension, at, count)

    def delete(self, dimension: str, start: int, end: int) -> None:
        whole = self.row_count if dimension == ROWS else self.column_count
        word = "rows" if dimension == ROWS else "columns"
        if end - start >= whole:
            raise Refused(f"You can't delete all the {word} on the sheet.")
        if dimension == ROWS:
            if start <= self.frozen_rows and end >= whole:
                raise Refused("Sorry, it is not possible to delete all non-frozen rows.")
            del self.rows[start:end], self.cells[start:end]
        else:
            del self.columns[start:end]
            for line in self.cells:
                del line[start:end]
        for limits in self._ranges():
            shift(limits, dimension, start, start - end)
        self.merges = [limits for limits in self.merges if not hollow(limits)]

    def resize(self, rows: int, columns: int) -> None:
        if rows < 1 or columns < 1:
            raise Refused("You can't delete all the rows on the sheet.")
        self.refuse_growth(rows - self.row_count, columns - self.column_count)
        for dimension, now, then in ((ROWS, self.row_count, rows), (COLUMNS, self.column_count, columns)):
            if then > now:
                self.insert(dimension, now, then - now)
            elif then < now:
                self.delete(dimension, then, now)

    def refuse_growth(self, rows: int, columns: int) -> None:
        if (self.row_count + rows) * (self.column_count + columns) > MAX_CELLS:
            raise Refused(
                f"This action would increase the number of cells in the workbook above the limit of {MAX_CELLS} cells."
            )

    def order(self, place: Box, keys: Sequence[tuple[int, bool]]) -> None:
        """Sort the rows of a box as Google does: numbers, text, truth values, errors; empty ones last."""
        lines = [
            [self.at(row, column) for column in range(place.left, place.right)]
            for row in range(place.top, place.bottom)
        ]
        for column, descending in reversed(keys):
            index = column - place.left
            filled = [line for line in lines if line[index] is not None and not line[index].empty]
            blank = [line for line in lines if line[index] is None or line[index].empty]
            lines = sorted(filled, key=lambda line, at=index: rank(line[at].value), reverse=descending) + blank
        self._put_back(place, lines)

    def _put_back(self, place: Box, lines: Sequence[Sequence[Cell | None]]) -> None:
        for row, line in enumerate(lines, start=place.top):
            kept = self.cells[row]
            kept.extend([None] * (place.right - len(kept)))
            kept[place.left : place.right] = line

    def _ranges(self) -> list[dict[str, Any]]:
        found = [*self.merges]
        for rule in self.conditional_formats:
            found += rule.get("ranges", [])
        found += [protection["range"] for protection in self.protected if "range" in protection]
        return found + ([self.filter["range"]] if self.filter and "range" in self.filter else [])

    # What people do, from one.

    def fill(self, rows: Iterable[Iterable[Any]], at: str = "A1") -> Worksheet:
        """Put values of Python in, growing the grid where needed."""
        with self.lock:
            top, left = a1_to_rowcol(at)
            for row, values in enumerate(rows, start=top - 1):
                for column, value in enumerate(values, start=left - 1):
                    self.resize(max(self.row_count, row + 1), max(self.column_count, column + 1))
                    self.make(row, column)
                    self.cells[row][column] = Cell.of(value)
        return self

    def put(self, cell: str, value: Any) -> None:
        self.fill([[value]], cell)

    def type(self, cell: str, text: str) -> None:
        """As a person types it."""
        with self.lock:
            row, column = a1_to_rowcol(cell)
            self.enter(row - 1, column - 1, text, raw=False)

    def cell(self, place: str) -> Cell:
        row, column = a1_to_rowcol(place)
        return self.at(row - 1, column - 1) or Cell()

    def shown(self) -> list[list[str]]:
        """What a person sees, without what is empty at the ends."""
        with self.lock:
            lines = [[cell.shown(self.locale) if cell else "" for cell in line] for line in self.cells]
        for line in lines:
            while line and not line[-1]:
                line.pop()
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def column_of(self, header: str) -> int:
        return [*self.shown()[0]].index(header) + 1

    def records(self, key: str) -> dict[str, dict[str, str]]:
        """Rows by what stands in their key column; the first row holds the headers."""
        headers, *lines = self.shown() or [[]]
        padded = [dict(zip(headers, [*line, *[""] * len(headers)], strict=False)) for line in lines]
        return {line[key]: line for line in padded if line.get(key)}

    def sort(self, column: int | str, descending: bool = False, headers: int = 1) -> None:
        with self.lock:
            place = Box(max(headers, self.frozen_rows), 0, self.row_count, self.column_count)
            self.order(place, [(number(column) - 1, descending)])

    def shuffle(self, seed: int, headers: int = 1) -> None:
        """Any order of the filled rows, the same for the same seed."""
        with self.lock:
            last = self._filled()
            lines = [[self.at(row, column) for column in range(self.column_count)] for row in range(headers, last)]
            random.Random(seed).shuffle(lines)
            self._put_back(Box(headers, 0, last, self.column_count), lines)

    def insert_rows(self, at: int, count: int = 1, values: Iterable[Iterable[Any]] = ()) -> None:
        with self.lock:
            self.insert(ROWS, at - 1, count)
            self.fill(values, f"A{at}")

    def insert_columns(self, at: int | str, count: int = 1, header: str = "") -> None:
        with self.lock:
            self.insert(COLUMNS, number(at) - 1, count)
            if header:
                self.put(rowcol_to_a1(1, number(at)), header)

    def delete_rows(self, at: int, count: int = 1) -> None:
        with self.lock:
            self.delete(ROWS, at - 1, at - 1 + count)

    def delete_columns(self, at: int | str, count: int = 1) -> None:
        with self.lock:
            self.delete(COLUMNS, number(at) - 1, number(at) - 1 + count)

    def duplicate_row(self, at: int) -> None:
        """A copy right beneath, notes, formats and our own cells included."""
        with self.lock:
            self.insert(ROWS, at, 1)
            self.cells[at] = [cell and cell.copy() for cell in self.cells[at - 1]]

    def duplicate_column(self, at: int | str) -> None:
        with self.lock:
            index = number(at)
            self.insert(COLUMNS, index, 1)
            for line in self.cells:
                if index <= len(line):
                    copied = line[index - 1] and line[index - 1].copy()
                    line[index:] = [copied, *line[index + 1 :]]

    def move_row(self, start: int, to: int) -> None:
        """Drag a row to where it then stands."""
        with self.lock:
            self.rows.insert(to - 1, self.rows.pop(start - 1))
            self.cells.insert(to - 1, self.cells.pop(start - 1))

    def hide_rows(self, *rows: int, by_filter: bool = False) -> None:
        with self.lock:
            for row in rows:
                if by_filter:
                    self.rows[row - 1].filtered = True
                else:
                    self.rows[row - 1].hidden = True

    def hide_columns(self, *columns: int | str) -> None:
        with self.lock:
            for column in columns:
                self.columns[number(column) - 1].hidden = True

    def merge(self, cells: str) -> None:
        """Only the first cell keeps what was in it."""
        with self.lock:
            first, _, last = cells.partition(":")
            (top, left), (bottom, right) = a1_to_rowcol(first), a1_to_rowcol(last or first)
            self.merge_box(Box(top - 1, left - 1, bottom, right))

    def merge_box(self, place: Box) -> None:
        self.merges.append(
            {
                "sheetId": self.id,
                "startRowIndex": place.top,
                "endRowIndex": place.bottom,
                "startColumnIndex": place.left,
                "endColumnIndex": place.right,
            }
        )
        for row in range(place.top, place.bottom):
            for column in range(place.left, place.right):
                if (row, column) != (place.top, place.left) and (cell := self.at(row, column)) is not None:
                    cell.entered = None

    def freeze(self, rows: int) -> None:
        with self.lock:
            self.properties.setdefault("gridProperties", {})["frozenRowCount"] = rows

    def protect(self, **limits: int) -> None:
        """Nobody but the owner may edit; `startRowIndex` and so on as in Google's GridRange, nothing for all of it."""
        with self.lock:
            self.protected.append(
                {"protectedRangeId": len(self.protected) + 1, "range": {"sheetId": self.id, **limits}}
            )

    def rename(self, title: str) -> None:
        with self.lock:
            self.title = title

    def _filled(self) -> int:
        return max((row for row, line in enumerate(self.cells, 1) if any(c and not c.empty for c in line)), default=0)


def number(column: int | str) -> int:
    return column_letter_to_index(column) if isinstance(column, str) else column


def rank(value: Any) -> tuple[int, Any]:
    if isinstance(value, Failure):
        return 3, value.word
    if isinstance(value, bool):
        return 2, value
    return (1, value.casefold()) if isinstance(value, str) else (0, value)


def copied_format(cell: Cell | None) -> Cell | None:
    if cell is None or "userEnteredFormat" not in cell.kept:
        return None
    return Cell({"userEnteredFormat": copy.deepcopy(cell.kept["userEnteredFormat"])})


def shift(limits: dict[str, Any], dimension: str, at: int, count: int) -> None:
    """Move a grid range along with what was inserted (count above zero) or deleted."""
    word = "Row" if dimension == ROWS else "Column"
    for end, name in ((False, f"start{word}Index"), (True, f"end{word}Index")):
        if name not in limits:
            continue
        edge = limits[name]
        if count > 0 and (edge > at or (edge == at and not end)):
            limits[name] = edge + count
        elif count < 0 and edge > at:
            limits[name] = max(at, edge + count)


def hollow(limits: dict[str, Any]) -> bool:
    return limits["startRowIndex"] >= limits["endRowIndex"] or limits["startColumnIndex"] >= limits["endColumnIndex"]
