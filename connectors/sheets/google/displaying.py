"""What a person sees in a cell of Google's, in the form all kinds of sheets are read in.

Numbers have a decimal point and dates are ISO, whatever the spreadsheet's locale shows. Patterns are explained in
Google's guide "Date and number formats" [formats], cells in its reference of `CellData` [cells].
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from connectors.sheets.model import Number

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
_TOKEN = re.compile(r'"([^"]*)"|\\(.)|\[\$([^\]-]*)[^\]]*\]|\[[^\]]*\]|[_*].|(.)', re.DOTALL)
_CURRENCY = {"CURRENCY", "ACCOUNTING"}


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


@dataclass(frozen=True, slots=True)
class Form:
    """How a format shows numbers. `as_shown`: with words, signs or a shape of its own, so only the display says it."""

    decimals: tuple[int, int] | None = None
    """At least, and at most; as many as the number has if None."""
    digits: int = 1
    """Before the decimal mark, at least."""
    percent: bool = False
    as_shown: bool = False


def _number(number: float, shown: str, form: Mapping[str, str] | None) -> str:
    if form is None:
        return Number(_plain(number))
    kind = form.get("type", "")
    if kind in {"DATE", "TIME", "DATE_TIME"}:
        return _moment(number, shown, kind)
    how = _form(kind, form.get("pattern", ""))
    if how.as_shown:
        return shown
    exact = Decimal(_plain(number))
    text = _rounded(exact.scaleb(2) if how.percent else exact, how)
    return f"{text}%" if how.percent else Number(text)


def _plain(number: float) -> str:
    """The shortest text with all the digits a sheet keeps, which are 15."""
    if isinstance(number, int) or (number.is_integer() and abs(number) < 1e15):
        return str(int(number))
    return format(Decimal(f"{number:.15g}"), "f")


def _rounded(number: Decimal, how: Form) -> str:
    if how.decimals is None:
        text = format(number.normalize(), "f") if number else "0"
    else:
        least, most = how.decimals
        text = format(number.quantize(Decimal(1).scaleb(-most), ROUND_HALF_UP), "f")
        whole, point, part = text.partition(".")
        part = part[:least] + part[least:].rstrip("0")
        text = f"{whole}{point}{part}" if part else whole
    sign, text = ("-", text[1:]) if text.startswith("-") else ("", text)
    sign = sign if text.strip("0.") else ""  # what rounds to nothing has no sign
    whole, point, part = text.partition(".")
    return f"{sign}{whole.zfill(how.digits)}{point}{part}"


def _moment(number: float, shown: str, kind: str) -> str:
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


@lru_cache(maxsize=1000)
def _form(kind: str, pattern: str) -> Form:
    if kind in {"TEXT", "SCIENTIFIC"}:
        return Form()
    if not pattern:  # the type's own: two decimals in every locale [cells]
        return Form((2, 2), percent=kind == "PERCENT") if kind in {"NUMBER", "PERCENT", "CURRENCY"} else Form()
    literal, symbols = _taken_apart(pattern)
    if symbols.strip().lower() == "general" or "@" in symbols or "e" in symbols.lower():
        return Form()
    whole, _, part = symbols.partition(".")
    percent = "%" in symbols
    odd = set(symbols) - set("0#?.,% ")
    if kind not in _CURRENCY and (odd or not all(_is_currency(char) for char in literal)):
        return Form(as_shown=True)
    if whole.rstrip("% ").endswith(",") or not re.search(r"[0#?]", symbols):
        return Form()  # shown in thousands, or not at all
    return Form((part.count("0"), len(re.findall(r"[0#?]", part))), max(whole.count("0"), 1), percent)


def _taken_apart(pattern: str) -> tuple[str, str]:
    """What the pattern for positive numbers says literally, and its other characters."""
    literal, symbols = "", ""
    for quoted, escaped, currency, char in _TOKEN.findall(pattern):
        if char == ";":
            break
        if char and not _is_currency(char):
            symbols += char
        literal += quoted or escaped or currency
    return literal, symbols


def _is_currency(char: str) -> bool:
    return char.isspace() or unicodedata.category(char) == "Sc"
