"""Turns an empty worksheet of Google's into a sheet that tells its owner what to fill in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from connectors.sheets.errors import SheetError
from connectors.sheets.google.calling import Busy, Google, Moved, connect
from connectors.sheets.google.worksheets import Worksheet, find_worksheet
from connectors.sheets.making import ColumnPlan
from connectors.sheets.model import OUR_COLUMNS
from connectors.sheets.places import Place

_OURS = "Filled in by esign: leave it as it is."
_FORMATS: Mapping[str, Mapping[str, str] | None] = {
    "date": {"type": "DATE", "pattern": "yyyy-mm-dd"},
    "money": {"type": "NUMBER", "pattern": "0.00"},
    "integer": {"type": "NUMBER", "pattern": "0"},
    "number": None,
}
"""All others are text, so that leading zeros, plus signs and long numbers stay as they are typed."""
_TEXT = {"type": "TEXT", "pattern": "@"}
_GREY = {"rgbColor": {"red": 0.5, "green": 0.5, "blue": 0.5}}
_EPOCH = date(1899, 12, 30)
_DIGITS = 15

Request = dict[str, Any]


def make_google(
    place: Place,
    columns: Sequence[ColumnPlan],
    rows: Sequence[Mapping[str, str]] = (),
    google: Google | None = None,
) -> None:
    """See `make`; the worksheet is there already and empty, else `SheetError`. Everything is done in one call."""
    with google or connect(place) as google:
        while True:
            worksheet = find_worksheet(google)
            there = _header(google, worksheet)
            if there == _names(columns):
                return  # by us, just now: the answer was lost, or the sheet was asked for twice
            if there is not None:
                raise SheetError(f"{place}: the worksheet {worksheet.title!r} is not empty: name one that is.")
            try:
                google.batch_update(place.spreadsheet, {"requests": list(_requests(worksheet, columns, rows))})
                return
            except Busy as busy:
                google.writing.pause(busy)


def _names(columns: Sequence[ColumnPlan]) -> list[str]:
    return [*(column.name for column in columns), *OUR_COLUMNS]


def _header(google: Google, worksheet: Worksheet) -> list[str] | None:
    """The first row, if anything stands anywhere."""
    corner = (max(worksheet.rows, 1) - 1, max(worksheet.columns, 1) - 1)
    try:
        answer = google.values_get(google.place.spreadsheet, worksheet.range((0, 0), corner))
    except Moved:
        return []
    rows: list[list[str]] | None = answer.get("values")
    return rows[0] if rows else None


def _requests(worksheet: Worksheet, columns: Sequence[ColumnPlan], rows: Sequence[Mapping[str, str]]) -> list[Request]:
    width, height = len(columns) + len(OUR_COLUMNS), len(rows) + 1
    size = {
        "frozenRowCount": 1,
        "rowCount": max(worksheet.rows, height + 1),
        "columnCount": max(worksheet.columns, width),
    }
    made: list[Request] = [
        {
            "updateSheetProperties": {
                "properties": {"sheetId": worksheet.id, "gridProperties": size},
                "fields": "gridProperties(frozenRowCount,rowCount,columnCount)",
            }
        }
    ]
    for at, column in enumerate(columns):
        made += _column(worksheet, at, column)
    made.append(_ours(worksheet, len(columns)))
    header = [*map(_headed, columns), *map(_headed_ours, OUR_COLUMNS)]
    made.append(_cells(worksheet, 0, [header], "userEnteredValue,note,userEnteredFormat(textFormat)"))
    if rows:
        texts = [[_value(column, row.get(column.name, "")) for column in columns] for row in rows]
        made.append(_cells(worksheet, 1, texts, "userEnteredValue"))
    return made


def _column(worksheet: Worksheet, at: int, column: ColumnPlan) -> list[Request]:
    """Its format, and what Google holds against a cell; it only warns, the plan is what decides."""
    below = _below(worksheet, at, at + 1)
    made: list[Request] = []
    if (shown := _FORMATS.get(column.kind, _TEXT)) is not None:
        cell = {"userEnteredFormat": {"numberFormat": shown}}
        made.append({"repeatCell": {"range": below, "cell": cell, "fields": "userEnteredFormat.numberFormat"}})
    condition: Request | None = None
    if column.offered:
        offered = [{"userEnteredValue": choice} for choice in column.offered]
        condition = {"type": "ONE_OF_LIST", "values": offered}
    elif column.kind == "date":
        condition = {"type": "DATE_IS_VALID"}
    if condition:
        rule = {"condition": condition, "strict": False, "showCustomUi": True, "inputMessage": column.explanation}
        made.append({"setDataValidation": {"range": below, "rule": rule}})
    return made


def _ours(worksheet: Worksheet, first: int) -> Request:
    cell = {"userEnteredFormat": {"numberFormat": _TEXT, "textFormat": {"foregroundColorStyle": _GREY}}}
    return {
        "repeatCell": {
            "range": _below(worksheet, first, first + len(OUR_COLUMNS)),
            "cell": cell,
            "fields": "userEnteredFormat(numberFormat,textFormat)",
        }
    }


def _below(worksheet: Worksheet, first: int, end: int) -> Request:
    """These columns from the second row on."""
    return {"sheetId": worksheet.id, "startRowIndex": 1, "startColumnIndex": first, "endColumnIndex": end}


def _cells(worksheet: Worksheet, row: int, values: Sequence[Sequence[Request]], fields: str) -> Request:
    start = {"sheetId": worksheet.id, "rowIndex": row, "columnIndex": 0}
    return {"updateCells": {"start": start, "rows": [{"values": list(one)} for one in values], "fields": fields}}


def _headed(column: ColumnPlan) -> Request:
    return {
        "userEnteredValue": {"stringValue": column.name},
        "userEnteredFormat": {"textFormat": {"bold": True}},
        "note": column.explanation,
    }


def _headed_ours(name: str) -> Request:
    return {
        "userEnteredValue": {"stringValue": name},
        "userEnteredFormat": {"textFormat": {"foregroundColorStyle": _GREY}},
        "note": _OURS,
    }


def _value(column: ColumnPlan, text: str) -> Request:
    """A sample's cell: a number or a date as what it is, where the text is one."""
    if not text:
        return {}
    try:
        if column.kind == "date":
            return {"userEnteredValue": {"numberValue": (date.fromisoformat(text) - _EPOCH).days}}
        if column.kind in {"money", "number", "integer"} and len(text) <= _DIGITS:
            return {"userEnteredValue": {"numberValue": float(text)}}
    except ValueError:
        pass
    return {"userEnteredValue": {"stringValue": text}}
