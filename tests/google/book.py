"""A spreadsheet in memory: its worksheets, who may do what with it, and how Google describes it."""

from __future__ import annotations

import copy
import itertools
import threading
from collections.abc import Callable, Iterable
from typing import Any

from tests.google import ranges
from tests.google.cells import Cell
from tests.google.errors import Refused
from tests.google.ranges import Box
from tests.google.worksheet import Line, Worksheet, Written

ANYBODY = "anybody"


class Book:
    """`shares` says who is a reader or a writer, by e-mail address; ANYBODY is everybody with the link."""

    def __init__(self, book_id: str, title: str = "Untitled spreadsheet", locale: str = "en_US") -> None:
        self.id, self.title, self.locale, self.time_zone = book_id, title, locale, "Europe/Berlin"
        self.lock = threading.RLock()
        self.shares: dict[str, str] = {ANYBODY: "writer"}
        self.is_excel_file = False
        """Whether it is an .xlsx in Drive, which the API does not serve."""
        self.worksheets: list[Worksheet] = []
        self.metadata: list[dict[str, Any]] = []
        """Developer metadata of the spreadsheet and of whole worksheets; that of rows and columns is at their lines."""
        self.named_ranges: list[dict[str, Any]] = []
        self._ids = itertools.count(1001)

    def add(
        self,
        title: str = "Sheet1",
        rows: Iterable[Iterable[Any]] = (),
        *,
        size: tuple[int, int] = (1000, 26),
        sheet_id: int | None = None,
        index: int | None = None,
    ) -> Worksheet:
        """The first worksheet has id 0, as at Google."""
        with self.lock:
            if any(sheet.title.casefold() == title.casefold() for sheet in self.worksheets):
                raise Refused(f'A sheet with the name "{title}" already exists. Please enter another name.')
            if sheet_id is None:
                sheet_id = 0 if not self.worksheets else next(self._ids)
            elif any(sheet.id == sheet_id for sheet in self.worksheets):
                raise Refused(f"A sheet with id {sheet_id} already exists.")
            sheet = Worksheet(sheet_id, title, *size, lock=self.lock, locale=lambda: self.locale)
            self.worksheets.insert(len(self.worksheets) if index is None else index, sheet)
            return sheet.fill(rows)

    def __getitem__(self, title: str) -> Worksheet:
        return next(sheet for sheet in self.worksheets if sheet.title == title)

    @property
    def sheet(self) -> Worksheet:
        """The first one."""
        return self.worksheets[0]

    def new_id(self) -> int:
        return next(self._ids)

    def by_id(self, sheet_id: int) -> Worksheet:
        for sheet in self.worksheets:
            if sheet.id == sheet_id:
                return sheet
        raise Refused(f"No grid with id: {sheet_id}")

    def role(self, user: str) -> str | None:
        return self.shares.get(user, self.shares.get(ANYBODY))

    def note_in(self, journal: list[Written] | None) -> None:
        for sheet in self.worksheets:
            sheet.journal = journal

    def snapshot(self) -> Callable[[], None]:
        """Call what comes back to have everything as it is now; worksheets stay the same objects."""
        own = {
            name: copy.deepcopy(getattr(self, name))
            for name in ("title", "locale", "time_zone", "metadata", "named_ranges")
        }
        sheets = [(sheet, sheet.contents()) for sheet in self.worksheets]

        def restore() -> None:
            self.__dict__.update(own)
            self.worksheets = [sheet for sheet, _ in sheets]
            for sheet, contents in sheets:
                sheet.__dict__.update(contents)

        return restore

    def place(self, text: str) -> tuple[Worksheet, Box]:
        """From A1 notation, a worksheet's title, or a named range."""
        title, cells = ranges.split(text)
        if title is not None:
            sheet = next((sheet for sheet in self.worksheets if sheet.title == title), None)
            if sheet is None:
                raise Refused(f"Unable to parse range: {text}")
            return sheet, self._box(sheet, cells, text)
        assert cells is not None
        limits = ranges.grid_range(cells)
        if limits is not None and any(letter.isdigit() for letter in cells):
            return self.sheet, self._box(self.sheet, cells, text)
        for named in self.named_ranges:
            if named["name"] == cells:
                sheet = self.by_id(named["range"].get("sheetId", 0))
                return sheet, ranges.box(named["range"], sheet.row_count, sheet.column_count, sheet.title)
        for sheet in self.worksheets:
            if sheet.title == cells:
                return sheet, self._box(sheet, None, text)
        return self.sheet, self._box(self.sheet, cells, text)

    def grid(self, limits: dict[str, Any]) -> tuple[Worksheet, Box]:
        """From a GridRange of a request."""
        sheet = self.by_id(limits.get("sheetId", 0))
        return sheet, ranges.box(limits, sheet.row_count, sheet.column_count, sheet.title)

    def _box(self, sheet: Worksheet, cells: str | None, text: str) -> Box:
        limits = {} if cells is None else ranges.grid_range(cells)
        if limits is None:
            raise Refused(f"Unable to parse range: {text}")
        return ranges.box(limits, sheet.row_count, sheet.column_count, sheet.title)

    def described(self, wanted: list[str], grid_data: bool) -> dict[str, Any]:
        """Google's Spreadsheet; `wanted` are ranges, all worksheets without any."""
        places = [self.place(text) for text in wanted]
        sheets = [sheet for sheet in self.worksheets if not places or any(sheet is found for found, _ in places)]
        answer: dict[str, Any] = {
            "spreadsheetId": self.id,
            "properties": {
                "title": self.title,
                "locale": self.locale,
                "autoRecalc": "ON_CHANGE",
                "timeZone": self.time_zone,
                "defaultFormat": {"verticalAlignment": "BOTTOM", "wrapStrategy": "OVERFLOW_CELL"},
            },
            "sheets": [
                self._sheet(
                    sheet,
                    [box for found, box in places if found is sheet]
                    if places
                    else [Box(0, 0, sheet.row_count, sheet.column_count)],
                    grid_data,
                )
                for sheet in sheets
            ],
        }
        if self.named_ranges:
            answer["namedRanges"] = copy.deepcopy(self.named_ranges)
        answer["spreadsheetUrl"] = f"https://docs.google.com/spreadsheets/d/{self.id}/edit"
        if kept := [entry for entry in self.metadata if entry["location"].get("spreadsheet")]:
            answer["developerMetadata"] = copy.deepcopy(kept)
        return answer

    def properties(self, sheet: Worksheet) -> dict[str, Any]:
        """Google's SheetProperties."""
        more = copy.deepcopy(sheet.properties)
        grid = more.pop("gridProperties", {})
        return {
            "sheetId": sheet.id,
            "title": sheet.title,
            "index": self.worksheets.index(sheet),
            "sheetType": "GRID",
            "gridProperties": {"rowCount": sheet.row_count, "columnCount": sheet.column_count}
            | {name: value for name, value in grid.items() if value},
            **{name: value for name, value in more.items() if value},
        }

    def _sheet(self, sheet: Worksheet, boxes: list[Box], grid_data: bool) -> dict[str, Any]:
        answer: dict[str, Any] = {"properties": self.properties(sheet)}
        if grid_data:
            answer["data"] = [grid_of(sheet, box) for box in boxes]
        parts = {
            "merges": sheet.merges,
            "conditionalFormats": sheet.conditional_formats,
            "protectedRanges": sheet.protected,
            "basicFilter": sheet.filter,
            "developerMetadata": [entry for entry in self.metadata if entry["location"].get("sheetId") == sheet.id],
        }
        return answer | {name: copy.deepcopy(part) for name, part in parts.items() if part}


def grid_of(sheet: Worksheet, box: Box) -> dict[str, Any]:
    """Google's GridData: zeros and what is empty at the ends left out."""
    lines = []
    for row in range(box.top, box.bottom):
        cells = [cell.data(sheet.locale) if cell else {} for cell in sheet.cells[row][box.left : box.right]]
        while cells and not cells[-1]:
            cells.pop()
        lines.append({"values": cells} if cells else {})
    while lines and not lines[-1]:
        lines.pop()
    answer: dict[str, Any] = {}
    if box.top:
        answer["startRow"] = box.top
    if box.left:
        answer["startColumn"] = box.left
    if lines:
        answer["rowData"] = lines
    answer["rowMetadata"] = [line_of(line, 21) for line in sheet.rows[box.top : box.bottom]]
    answer["columnMetadata"] = [line_of(line, 100) for line in sheet.columns[box.left : box.right]]
    return answer


def line_of(line: Line, pixels: int) -> dict[str, Any]:
    answer: dict[str, Any] = {"pixelSize": line.pixels or pixels}
    if line.hidden:
        answer["hiddenByUser"] = True
    if line.filtered:
        answer["hiddenByFilter"] = True
    if line.metadata:
        answer["developerMetadata"] = copy.deepcopy(line.metadata)
    return answer


__all__ = ["ANYBODY", "Book", "Cell", "Worksheet"]
