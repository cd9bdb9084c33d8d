"""Shows numbers the way a workbook's number formats do: dates, leading zeros, decimals, percents."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import lru_cache

from connectors.sheets.model import Number

GENERAL = "General"
BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: "#,##0", 6: "#,##0", 7: "#,##0.00", 8: "#,##0.00", 9: "0%",
    10: "0.00%", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
    20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00",
    41: "#,##0", 42: "#,##0", 43: "#,##0.00", 44: "#,##0.00", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss",
    **dict.fromkeys((*range(27, 32), 36, *range(50, 55), 57, 58), "yyyy-mm-dd"),
    **dict.fromkeys((*range(32, 36), 55, 56), "h:mm"),
}  # fmt: skip
"""Formats that stand in no workbook (ECMA-376 part 1, 18.8.30); where a country has its own, with what it shows."""

_TOKEN = re.compile(r'"([^"]*)"?|\\(.)|_.|\*.|\[([^\]]*)\]|(AM/PM|A/P|General)|(.)', re.IGNORECASE | re.DOTALL)
_ELAPSED = re.compile(r"([hms])\1*", re.IGNORECASE)
_CONDITION = re.compile(r"[<>=]")
_DIGITS = re.compile(r"([#?,]*)([0,]*)(?:\.(0*)([#?]*))?")
_WHOLE = re.compile(r"-?[1-9]\d*|0")
_LAST_DAY = 2_958_466
_FIFTEEN = Context(prec=15, rounding=ROUND_HALF_UP)
"""Excel shows no more digits than these, whatever arithmetic left in the last bits."""
_SECONDS = 86_400
_LONGEST_NUMBER = 310


@dataclass(frozen=True, slots=True)
class _Format:
    """What a format's first section says."""

    digits: str
    """The placeholders alone, with `,` and `.`; letters of dates and times in a format of those."""
    pattern: tuple[str | None, ...]
    """Literal texts, and None for each placeholder."""
    elapsed: str = ""
    is_date: bool = False
    percents: int = 0


@lru_cache(maxsize=1024)
def shown_by(code: str, epoch_1904: bool = False) -> Callable[[str], str]:
    """What turns a stored number into what people see under this format. It gives back what is no number."""
    if "general" in code.lower() or code in {"", "@"}:
        return _plain
    form = _parse(code)
    if form is None:
        return _plain
    if form.elapsed:
        return lambda text: _duration(text, form)
    if form.is_date:
        return lambda text: _moment(text, form, epoch_1904)
    return _numbered(form)


def _parse(code: str) -> _Format | None:
    """None for what is not taken apart here: conditions, fractions, powers of ten, thousands left out."""
    digits, pattern, elapsed = "", [], ""
    letters = ""
    percents = 0
    for found in _TOKEN.finditer(code):
        quoted, escaped, bracket, word, char = found.groups()
        if bracket is not None:
            if _CONDITION.match(bracket):
                return None
            elapsed = elapsed or (bracket if _ELAPSED.fullmatch(bracket) else "")
        elif quoted is not None or escaped is not None:
            pattern.append(quoted if quoted is not None else escaped)
        elif word:
            letters += "h"
        elif char == ";":
            break
        elif char and char in "0#?,.":
            digits += char
            pattern.append(None)
        elif char == "%":
            percents += 1
        elif char and char.lower() in "dmyhsge":
            letters += char.lower()
        elif char in {"/", "@"} and not letters:
            return None
        elif char:
            pattern.append(char)
    dated = set(letters) & set("dmyhs")
    if elapsed or dated:
        return _Format(letters, (), elapsed.lower(), is_date=True)
    return None if letters else _Format(digits, tuple(pattern), percents=percents)


def _numbered(form: _Format) -> Callable[[str], str]:
    found = _DIGITS.fullmatch(form.digits)
    if not form.digits or found is None or form.digits.endswith(","):
        return _plain
    zeros, fixed, open_ = found[2].replace(",", ""), found[3] or "", found[4] or ""
    least, most = len(fixed), len(fixed) + len(open_)
    padded = len(zeros) > 1
    literal = padded and not most and not form.percents and "," not in form.digits and any(form.pattern)

    def show(text: str) -> str:
        value = _decimal(text)
        if value is None:
            return text
        value = value.scaleb(2 * form.percents)
        shown = _rounded(value, least, most)
        sign, shown = ("-", shown[1:]) if shown.startswith("-") else ("", shown)
        whole, point, rest = shown.partition(".")
        shown = whole.rjust(len(zeros), "0") + point + rest
        if literal:
            return sign + _between(form.pattern, shown)
        return f"{sign}{shown}%" if form.percents else Number(sign + shown)

    return show


def _between(pattern: tuple[str | None, ...], digits: str) -> str:
    """The digits at their places among a format's literal texts, as in `000-00-0000`; more of them go in front."""
    places = pattern.count(None)
    digits = digits.rjust(places)
    first, rest = digits[: len(digits) - places + 1], iter(digits[len(digits) - places + 1 :])
    shown, begun = "", False
    for piece in pattern:
        if piece is not None:
            shown += piece
        elif begun:
            shown += next(rest).strip()
        else:
            shown, begun = shown + first.strip(), True
    return shown.strip()


def _rounded(value: Decimal, least: int, most: int) -> str:
    shown = format(value.quantize(Decimal(1).scaleb(-most), rounding=ROUND_HALF_UP, context=Context(prec=400)), "f")
    if most > least:
        whole, _, rest = shown.partition(".")
        rest = rest[:least] + rest[least:].rstrip("0")
        shown = f"{whole}.{rest}" if rest else whole
    return shown[1:] if shown.startswith("-") and not shown.strip("-0.") else shown


def _plain(text: str) -> str:
    """A number in full, without what makes it shorter: no power of ten, no zeros at the end."""
    if _WHOLE.fullmatch(text):
        return Number(text)
    value = _decimal(text)
    if value is None:
        return text
    shown = format(value, "f")
    return Number(shown.rstrip("0").rstrip(".") if "." in shown else shown) if value else Number("0")


def _decimal(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if not value.is_finite() or abs(value.adjusted()) > _LONGEST_NUMBER:
        return None
    return value if _WHOLE.fullmatch(text) else _FIFTEEN.plus(value)


def _moment(text: str, form: _Format, epoch_1904: bool) -> str:
    value = _decimal(text)
    if value is None or not 0 <= value < _LAST_DAY:
        return _plain(text)
    day, seconds = divmod(int((value * _SECONDS).to_integral_value(ROUND_HALF_UP)), _SECONDS)
    shown = []
    if set(form.digits) & set("dy") or not set(form.digits) & set("hs"):
        shown.append(_day(int(value) if not set(form.digits) & set("hs") else day, epoch_1904))
    if set(form.digits) & set("hs"):
        shown.append(_clock(seconds, with_seconds="s" in form.digits))
    return " ".join(shown)


def _day(day: int, epoch_1904: bool) -> str:
    """Excel counts 1900 as a leap year, as Lotus 1-2-3 did, and calls the day before 1 January a day 0."""
    if epoch_1904:
        return str((datetime(1904, 1, 1) + timedelta(days=day)).date())  # noqa: DTZ001 (a day, anywhere)
    if day in {0, 60}:
        return "1900-01-00" if day == 0 else "1900-02-29"
    return str((datetime(1899, 12, 31) + timedelta(days=day - (day > 60))).date())  # noqa: DTZ001 (likewise)


def _clock(seconds: int, *, with_seconds: bool) -> str:
    minutes, rest = divmod(seconds, 60)
    shown = f"{minutes // 60:02d}:{minutes % 60:02d}"
    return f"{shown}:{rest:02d}" if with_seconds else shown


def _duration(text: str, form: _Format) -> str:
    value = _decimal(text)
    if value is None:
        return text
    seconds = int((abs(value) * _SECONDS).to_integral_value(ROUND_HALF_UP))
    sign = "-" if value < 0 else ""
    unit = form.elapsed[0]
    if unit == "s":
        return f"{sign}{seconds}"
    if unit == "m":
        shown = f"{seconds // 60}"
        return sign + (f"{shown}:{seconds % 60:02d}" if "s" in form.digits else shown)
    shown = f"{seconds // 3600}"
    if "m" in form.digits:
        shown += f":{seconds // 60 % 60:02d}"
    return sign + (f"{shown}:{seconds % 60:02d}" if "s" in form.digits else shown)
