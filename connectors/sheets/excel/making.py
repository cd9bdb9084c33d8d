"""Makes a new workbook whose cells help to fill them in."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from connectors.sheets.errors import SheetError
from connectors.sheets.excel.formats import shown_by
from connectors.sheets.making import ColumnPlan
from connectors.sheets.model import OUR_COLUMNS
from connectors.sheets.places import Place

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

_FORMATS = {"date": "yyyy-mm-dd", "money": "0.00", "number": "General", "integer": "0"}
"""All others are text, so that leading zeros, plus signs and long numbers stay as they are typed."""
_OURS = "Filled in by esign: leave it as it is."
_NARROWEST, _WIDEST = 10, 40
_LAST_ROW = 1_048_575
_LONGEST_LIST = 255
"""Characters of all choices together that a drop-down's own list can hold; more have to stand in cells."""
_LONGEST_MESSAGE = 255
_EARLIEST = date(1900, 3, 1)
"""The first day on which Excel and the calendar agree: before it stands Excel's 29 February 1900."""
_CHOICES = "esign choices"


def workbook(place: Place, columns: Sequence[ColumnPlan], rows: Sequence[Mapping[str, str]]) -> bytes:
    """A workbook with these columns, and sample rows."""
    import xlsxwriter  # takes its time, and only new sheets need it

    file = io.BytesIO()
    settings = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(file, settings)
    try:
        sheet = book.add_worksheet(place.worksheet)  # Sheet1, where none is asked for
    except xlsxwriter.exceptions.XlsxInputError:
        raise SheetError(
            f"{place}: Excel takes no such name for a worksheet: use up to 31 characters, and none of []:*?/\\."
        ) from None
    _fill(book, sheet, columns, rows)
    book.close()
    return file.getvalue()


def _fill(book: Workbook, sheet: Worksheet, columns: Sequence[ColumnPlan], rows: Sequence[Mapping[str, str]]) -> None:
    head = {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}
    bold, muted = book.add_format(head), book.add_format(head | {"bold": False, "font_color": "#808080"})
    sheet.freeze_panes(1, 0)
    for at, column in enumerate(columns):
        shown = book.add_format({"num_format": _FORMATS.get(column.kind, "@")})
        samples = [row.get(column.name, "") for row in rows]
        longest = max(map(len, (column.name, *samples, *column.offered)))
        sheet.set_column(at, at, min(max(longest + 2, _NARROWEST), _WIDEST), shown)
        sheet.write_string(0, at, column.name, bold)
        sheet.write_comment(0, at, column.explanation, {"x_scale": 2, "author": "esign"})
        _validate(book, sheet, at, column)
        for index, text in enumerate(samples, start=1):
            _write(sheet, index, at, column, text, shown)
    for at, name in enumerate(OUR_COLUMNS, start=len(columns)):
        sheet.set_column(at, at, len(name) + 2, book.add_format({"font_color": "#808080", "num_format": "@"}))
        sheet.write_string(0, at, name, muted)
        sheet.write_comment(0, at, _OURS, {"author": "esign"})


def _validate(book: Workbook, sheet: Worksheet, at: int, column: ColumnPlan) -> None:
    """What Excel itself holds against a cell. It only warns about choices and dates; the plan is what decides."""
    if column.offered:
        source: list[str] | str = list(column.offered)
        if len(",".join(column.offered)) > _LONGEST_LIST or any("," in choice for choice in column.offered):
            source = _elsewhere(book, at, column.offered)
        rule: dict[str, object] = {"validate": "list", "source": source, "error_title": column.name[:32]}
        rule["error_message"] = "Choose one of the list."
    elif column.kind == "date":
        rule = {"validate": "date", "criteria": ">=", "value": _EARLIEST}
        rule |= {"error_title": column.name[:32], "error_message": "Type a date, such as 2026-12-31."}
    else:
        return
    if column.note:
        rule |= {"input_title": column.name[:32], "input_message": column.note[:_LONGEST_MESSAGE]}
    sheet.data_validation(1, at, _LAST_ROW, at, rule | {"error_type": "warning"})


def _elsewhere(book: Workbook, at: int, choices: Sequence[str]) -> str:
    """A hidden worksheet's column with these choices."""
    sheet = book.get_worksheet_by_name(_CHOICES)
    if sheet is None:
        sheet = book.add_worksheet(_CHOICES)
        sheet.hide()
    for index, choice in enumerate(choices):
        sheet.write_string(index, at, choice)
    from xlsxwriter.utility import xl_range_abs

    return f"='{_CHOICES}'!{xl_range_abs(0, at, len(choices) - 1, at)}"


def _write(sheet: Worksheet, row: int, at: int, column: ColumnPlan, text: str, shown: Format) -> None:
    """Numbers and dates as what they are, where Excel then shows just this text."""
    if not text:
        return
    try:
        if column.kind == "date":
            day = datetime.strptime(text, "%Y-%m-%d")  # noqa: DTZ007 (a day, anywhere)
            if day.date() >= _EARLIEST:
                sheet.write_datetime(row, at, day, shown)
                return
        elif column.kind in {"money", "number", "integer"}:
            number = float(text)
            if shown_by(_FORMATS[column.kind])(f"{number:.16G}") == text:  # as XlsxWriter writes it
                sheet.write_number(row, at, number, shown)
                return
    except ValueError:
        pass
    sheet.write_string(row, at, text, shown)
