"""What a person sees in a cell of Google's, in the form all kinds of sheets are read in.

Numbers have a decimal point and dates are ISO, whatever the spreadsheet's locale shows. Patterns are explained in
Google's guide "Date and number formats" [formats], cells in its reference of `CellData` [cells].
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.sheets.excel.formats import shown_by

FIELDS = "formattedValue,effectiveValue(numberValue,boolValue,errorValue(type)),effectiveFormat(numberFormat)"
LOADING = "Loading..."

_ERRORS = {
    "ERROR": "#ERROR!",
    "NULL_VALUE": "#NULL!",
    "DIVIDE_BY_ZERO": "#DIV/0!",
    "VALUE": "#VALUE!",
    "REF": "#REF!",
    "NAME": "#NAME?",
    "NUM": "#NUM!",
    "N_A": "#N/A",
    "LOADING": LOADING,
}
"""As everybody writes them; what is shown is translated in some locales."""
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a sheet's time has no zone
_FIRST_MARCH = 61
"""The day of 1900 from which on Excel and Google count alike."""
_MOMENTS = {"DATE", "TIME", "DATE_TIME"}
_PATTERNS = {"NUMBER": "#,##0.00", "PERCENT": "0.00%", "CURRENCY": "#,##0.00"}
"""What a type shows that has no pattern."""


def text_of(cell: Mapping[str, Any]) -> str:
    """The text of one cell, a `Number` where it is one."""
    value = cell.get("effectiveValue")
    shown: str = cell.get("formattedValue", "")
    if not value:
        return shown
    if "numberValue" in value:
        form = cell.get("effectiveFormat", {}).get("numberFormat")
        return _number(value["numberValue"], shown, form) if shown else ""
    if "boolValue" in value:
        return "TRUE" if value["boolValue"] else "FALSE"
    if "errorValue" in value:
        return _ERRORS.get(value["errorValue"].get("type", ""), shown)
    return shown


def _number(number: float, shown: str, form: Mapping[str, str] | None) -> str:
    """As the same number under the same format is read from a workbook: Google's patterns are Excel's."""
    text = _plain(number)
    kind, pattern = (form.get("type", ""), form.get("pattern", "")) if form else ("", "")
    if kind in _MOMENTS:
        if pattern and number >= _FIRST_MARCH:
            return shown_by(pattern)(text)
        return _moment(number, shown, kind)
    return shown_by("" if kind in {"TEXT", "SCIENTIFIC"} else pattern or _PATTERNS.get(kind, ""))(text)


def _plain(number: float) -> str:
    """All the digits a sheet keeps, which are 15."""
    if isinstance(number, int) or (number.is_integer() and abs(number) < 1e15):
        return str(int(number))
    return f"{number:.15g}"


def _moment(number: float, shown: str, kind: str) -> str:
    """What has no pattern of its own, and the first days of Google's, which knows no 29 February 1900 as Excel does."""
    try:
        moment = _EPOCH + timedelta(seconds=round(number * 86_400))
    except OverflowError:
        return shown
    if kind == "DATE":
        return moment.date().isoformat()
    time = moment.strftime("%H:%M:%S" if moment.second else "%H:%M")
    if kind == "TIME":
        return time if 0 <= number < 1 else shown
    return f"{moment.date().isoformat()} {time}"
