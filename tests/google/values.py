"""The calls on values: get, update, append, clear and their batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.google import ranges
from tests.google.book import Book
from tests.google.errors import Refused
from tests.google.ranges import Box
from tests.google.worksheet import ROWS, Worksheet


@dataclass
class Entry:
    """Values on their way to cells; nothing is written before all of a call's entries are known to be fine."""

    sheet: Worksheet
    top: int
    left: int
    rows: list[list[Any]]
    raw: bool

    @property
    def touched(self) -> list[tuple[int, int]]:
        return [
            (row, column)
            for row, values in enumerate(self.rows, self.top)
            for column, value in enumerate(values, self.left)
            if value is not None
        ]

    def apply(self) -> None:
        for row, values in enumerate(self.rows, self.top):
            for column, value in enumerate(values, self.left):
                self.sheet.enter(row, column, value, self.raw)


def get(book: Book, text: str, query: dict[str, Any]) -> dict[str, Any]:
    sheet, box = book.place(text)
    return value_range(sheet, box, query)


def batch_get(book: Book, query: dict[str, Any]) -> dict[str, Any]:
    found = [get(book, text, query) for text in query.get("ranges", [])]
    return {"spreadsheetId": book.id} | ({"valueRanges": found} if found else {})


def value_range(sheet: Worksheet, box: Box, query: dict[str, Any]) -> dict[str, Any]:
    """Empty cells and rows at the ends are left off, and `values` where there are none."""
    major = query.get("majorDimension", "ROWS")
    major = "ROWS" if major == "DIMENSION_UNSPECIFIED" else major
    option = query.get("valueRenderOption", "FORMATTED_VALUE")
    dates = query.get("dateTimeRenderOption", "SERIAL_NUMBER")
    lines = [
        [cell.rendered(option, dates, sheet.locale) if cell else "" for cell in sheet.cells[row][box.left : box.right]]
        for row in range(box.top, box.bottom)
    ]
    if major == "COLUMNS":
        lines = [
            [line[column] if column < len(line) else "" for line in lines] for column in range(box.right - box.left)
        ]
    for line in lines:
        while line and line[-1] == "":
            line.pop()
    while lines and not lines[-1]:
        lines.pop()
    answer = {"range": ranges.named(sheet.title, box), "majorDimension": major}
    return answer | ({"values": lines} if lines else {})


def update(book: Book, text: str, query: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    if body.get("range", text) != text:
        raise Refused(f"Requested writing within range [{text}], but the values are for range [{body['range']}]")
    entry = prepared(book, text, query.get("valueInputOption"), body)
    entry.apply()
    return updated(
        book,
        entry,
        query.get("includeValuesInResponse", False),
        query.get("responseValueRenderOption"),
        query.get("responseDateTimeRenderOption"),
        body,
    )


def batch_update(book: Book, body: dict[str, Any]) -> dict[str, Any]:
    entries = []
    for index, data in enumerate(body.get("data", [])):
        try:
            if "range" not in data:
                raise Refused("Unable to parse range: ")
            entries.append(prepared(book, data["range"], body.get("valueInputOption"), data))
        except Refused as refused:
            raise refused.under(f"data[{index}]") from None
    if not entries:
        input_option(body.get("valueInputOption"))
    for entry in entries:
        entry.apply()
    responses = [
        updated(
            book,
            entry,
            body.get("includeValuesInResponse", False),
            body.get("responseValueRenderOption"),
            body.get("responseDateTimeRenderOption"),
            data,
        )
        for entry, data in zip(entries, body.get("data", []), strict=True)
    ]
    cells = {(entry.sheet.id, *cell) for entry in entries for cell in entry.touched}
    totals = {
        "totalUpdatedRows": len({(sheet, row) for sheet, row, _ in cells}),
        "totalUpdatedColumns": len({(sheet, column) for sheet, _, column in cells}),
        "totalUpdatedCells": len(cells),
        "totalUpdatedSheets": len({sheet for sheet, _, _ in cells}),
    }
    answer: dict[str, Any] = {"spreadsheetId": book.id, **{name: total for name, total in totals.items() if total}}
    return answer | ({"responses": responses} if responses else {})


def append(book: Book, text: str, query: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """Behind the last table that the range touches; the grid grows by rows where it has to."""
    raw = input_option(query.get("valueInputOption"))
    sheet, box = book.place(text)
    rows = rows_of(body)
    table = last_table(sheet, box)
    top, left = (table.bottom, table.left) if table else (box.top, box.left)
    for row in rows:
        if left + len(row) > sheet.column_count:
            raise Refused(
                f"Requested writing within range [{text}], but tried writing to column [{letters(sheet.column_count)}]"
            )
    check_all(sheet, top, left, rows)
    if query.get("insertDataOption") == "INSERT_ROWS" and top < sheet.row_count:
        sheet.insert(ROWS, top, len(rows))
    sheet.resize(max(sheet.row_count, top + len(rows)), sheet.column_count)
    entry = Entry(sheet, top, left, rows, raw)
    entry.apply()
    answer: dict[str, Any] = {"spreadsheetId": book.id}
    if table:
        answer["tableRange"] = ranges.named(sheet.title, table)
    answer["updates"] = updated(
        book,
        entry,
        query.get("includeValuesInResponse", False),
        query.get("responseValueRenderOption"),
        query.get("responseDateTimeRenderOption"),
        body,
    )
    return answer


def clear(book: Book, text: str) -> dict[str, Any]:
    sheet, box = book.place(text)
    return {"spreadsheetId": book.id, "clearedRange": emptied(sheet, box)}


def batch_clear(book: Book, body: dict[str, Any]) -> dict[str, Any]:
    places = []
    for index, text in enumerate(body.get("ranges", [])):
        try:
            places.append(book.place(text))
        except Refused as refused:
            raise refused.under(f"range[{index}]") from None
    return {"spreadsheetId": book.id, "clearedRanges": [emptied(sheet, box) for sheet, box in places]}


def emptied(sheet: Worksheet, box: Box) -> str:
    """Formats, notes and rules stay."""
    filled = [
        (row, column)
        for row in range(box.top, box.bottom)
        for column in range(box.left, min(box.right, len(sheet.cells[row])))
        if (cell := sheet.at(row, column)) and cell.entered
    ]
    for row, column in filled:
        sheet.refuse_protected(row, column)
    for row, column in filled:
        sheet.enter(row, column, "", raw=True)
    return ranges.named(sheet.title, box)


def prepared(book: Book, text: str, option: str | None, body: dict[str, Any]) -> Entry:
    raw = input_option(option)
    sheet, box = book.place(text)
    rows = rows_of(body)
    bottom, right = (sheet.row_count, sheet.column_count) if box.one_cell else (box.bottom, box.right)
    for row, values in enumerate(rows, box.top):
        if row >= bottom:
            raise Refused(f"Requested writing within range [{text}], but tried writing to row [{row + 1}]")
        if box.left + len(values) > right:
            raise Refused(f"Requested writing within range [{text}], but tried writing to column [{letters(right)}]")
    check_all(sheet, box.top, box.left, rows)
    return Entry(sheet, box.top, box.left, rows, raw)


def check_all(sheet: Worksheet, top: int, left: int, rows: list[list[Any]]) -> None:
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            if isinstance(value, list | dict):
                kind = "list_value" if isinstance(value, list) else "struct_value"
                raise Refused(f"Invalid values[{row}][{column}]: {kind} {{\n}}\n")
            if value is not None:
                sheet.refuse_protected(top + row, left + column)
                sheet.refuse_long(value)


def rows_of(body: dict[str, Any]) -> list[list[Any]]:
    rows = body.get("values", [])
    if body.get("majorDimension") != "COLUMNS":
        return [list(row) for row in rows]
    height = max((len(column) for column in rows), default=0)
    return [[column[row] if row < len(column) else None for column in rows] for row in range(height)]


def input_option(option: str | None) -> bool:
    """Whether values are taken as they are."""
    if option in (None, "INPUT_VALUE_OPTION_UNSPECIFIED"):
        raise Refused("'valueInputOption' is required but not specified")
    return option == "RAW"


def updated(
    book: Book, entry: Entry, with_values: bool, option: str | None, dates: str | None, body: dict[str, Any]
) -> dict[str, Any]:
    width = max((len(row) for row in entry.rows), default=0)
    box = Box(
        entry.top,
        entry.left,
        entry.top + max(1, len(entry.rows)),
        entry.left + max(1, width),
        one_cell=max(1, len(entry.rows)) * max(1, width) == 1,
    )
    cells = entry.touched
    counts = {
        "updatedRows": len({row for row, _ in cells}),
        "updatedColumns": len({column for _, column in cells}),
        "updatedCells": len(cells),
    }
    answer: dict[str, Any] = {"spreadsheetId": book.id, "updatedRange": ranges.named(entry.sheet.title, box)}
    answer |= {name: count for name, count in counts.items() if count}
    if with_values:
        query = {
            "majorDimension": body.get("majorDimension", "ROWS"),
            "valueRenderOption": option or "FORMATTED_VALUE",
            "dateTimeRenderOption": dates or "SERIAL_NUMBER",
        }
        answer["updatedData"] = value_range(entry.sheet, box, query)
    return answer


def last_table(sheet: Worksheet, box: Box) -> Box | None:
    """The filled cells that hang together with the last filled row of the range."""
    filled = {
        (row, column)
        for row, line in enumerate(sheet.cells)
        for column, cell in enumerate(line)
        if cell is not None and not cell.empty
    }
    inside = [(row, column) for row, column in filled if box.top <= row < box.bottom and box.left <= column < box.right]
    if not inside:
        return None
    row, column = max(inside)
    top, left, bottom, right = row, column, row + 1, column + 1
    rows = {}
    for at, over in filled:
        rows.setdefault(at, []).append(over)
    grown = True
    while grown:
        grown = False
        for at in (top - 1, bottom):
            if any(left - 1 <= over <= right for over in rows.get(at, ())):
                top, bottom, grown = min(top, at), max(bottom, at + 1), True
        near = [over for at in range(top - 1, bottom + 1) for over in rows.get(at, ()) if over in (left - 1, right)]
        if near:
            left, right, grown = min(left, *near), max(right, max(near) + 1), True
    return Box(top, left, bottom, right)


def letters(column: int) -> str:
    """The letters of a column counted from zero."""
    return ranges.a1(0, column, 1, column + 1)[:-1]
