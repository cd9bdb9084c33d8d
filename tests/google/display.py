"""What people see in a cell: a value under its number format, in the spreadsheet's locale."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

EPOCH = datetime(1899, 12, 30, tzinfo=UTC)
DATE_TYPES = {"DATE", "TIME", "DATE_TIME"}


@dataclass(frozen=True)
class Locale:
    """How a country writes numbers and dates when a format does not say."""

    decimal: str
    group: str
    patterns: dict[str, str]
    months: tuple[str, ...]
    days: tuple[str, ...]


LOCALES = {
    "en_US": Locale(
        ".",
        ",",
        {
            "NUMBER": "#,##0.00",
            "PERCENT": "0.00%",
            "CURRENCY": '"$"#,##0.00',
            "DATE": "m/d/yyyy",
            "TIME": "h:mm:ss am/pm",
            "DATE_TIME": "m/d/yyyy h:mm:ss",
            "SCIENTIFIC": "0.00E+00",
        },
        (
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ),
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    ),
    "de_DE": Locale(
        ",",
        ".",
        {
            "NUMBER": "#,##0.00",
            "PERCENT": "0.00%",
            "CURRENCY": '#,##0.00 "€"',
            "DATE": "dd.mm.yyyy",
            "TIME": "hh:mm:ss",
            "DATE_TIME": "dd.mm.yyyy hh:mm:ss",
            "SCIENTIFIC": "0.00E+00",
        },
        (
            "Januar",
            "Februar",
            "März",
            "April",
            "Mai",
            "Juni",
            "Juli",
            "August",
            "September",
            "Oktober",
            "November",
            "Dezember",
        ),
        ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    ),
}


def serial(moment: date | datetime) -> float:
    """Days since 30 December 1899, which is how a date is kept."""
    if not isinstance(moment, datetime):
        return float((moment - EPOCH.date()).days)
    return (moment.replace(tzinfo=UTC) - EPOCH) / timedelta(days=1)


def shown(value: Any, number_format: dict[str, Any] | None, locale: Locale) -> str:
    """`value` is a string, number, truth value or None; errors are shown by whoever knows their word."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    kind = (number_format or {}).get("type", "")
    pattern = (number_format or {}).get("pattern", "") or locale.patterns.get(kind, "")
    if isinstance(value, str):
        text_section = pattern.split(";")[3] if pattern.count(";") == 3 else pattern if "@" in pattern else "@"
        return re.sub(r'"([^"]*)"', r"\1", text_section).replace("@", value)
    if not pattern or pattern in ("@", "General") or kind == "TEXT":
        return general(value, locale)
    if kind in DATE_TYPES or (not kind and re.search(r"[ymdhs]", _bare(pattern), re.I)):
        return _moment(value, pattern, locale)
    return _number(value, pattern, locale)


def general(value: float, locale: Locale) -> str:
    """A number without a format: as short as it is, no grouping."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    text = f"{value:.10g}" if abs(value) < 1e5 else f"{value:.12g}"
    mantissa, exponent, power = text.upper().partition("E")
    return mantissa.replace(".", locale.decimal) + exponent + power


def _bare(pattern: str) -> str:
    return re.sub(r'"[^"]*"|\\.', "", pattern)


def _number(value: float, pattern: str, locale: Locale) -> str:
    sections = re.findall(r'(?:"[^"]*"|\\.|[^;])+', pattern) or [pattern]
    section = sections[0]
    if value == 0 and len(sections) > 2:
        section = sections[2]
    elif value < 0 and len(sections) > 1:
        section, value = sections[1], -value
    section = re.sub(r"\[[^\]]*\]", "", section)
    place = re.search(r"[0#?][0#?,]*(?:\.[0#?]*)?(?:E[+-]?0+)?", _masked(section))
    if place is None:
        return _literal(section)
    digits = section[place.start() : place.end()]
    amount = Decimal(repr(float(value))) * (100 ** _bare(section).count("%"))
    sign = "-" if amount < 0 else ""
    return (
        sign
        + _literal(section[: place.start()])
        + _digits(abs(amount), digits, locale)
        + _literal(section[place.end() :])
    )


def _digits(amount: Decimal, digits: str, locale: Locale) -> str:
    mantissa, exponent, power = digits.partition("E")
    whole, _, fraction = mantissa.partition(".")
    if exponent:
        width = power.count("0")
        text = f"{amount:.{len(fraction)}E}"
        number, _, exact = text.partition("E")
        return f"{number.replace('.', locale.decimal)}E{exact[0]}{exact[1:].zfill(width)}"
    rounded = amount.quantize(Decimal(1).scaleb(-len(fraction)), ROUND_HALF_UP)
    before, _, after = f"{rounded:f}".partition(".")
    before = before.lstrip("0").rjust(whole.count("0"), "0")
    if "," in whole:
        before = re.sub(r"(?<=\d)(?=(?:\d{3})+$)", locale.group, before)
    while after and after[-1] == "0" and fraction[len(after) - 1] in "#?":
        after = after[:-1]
    return before + (locale.decimal + after if after else "")


def _masked(section: str) -> str:
    """The section with what is quoted blotted out, position for position."""
    return re.sub(r'"[^"]*"|\\.', lambda quoted: "\x00" * len(quoted[0]), section)


def _literal(text: str) -> str:
    return re.sub(r'"([^"]*)"|\\(.)|[_*].', lambda found: found[1] or found[2] or "", text)


def _moment(value: float, pattern: str, locale: Locale) -> str:
    at = EPOCH + timedelta(seconds=round(value * 86_400, 3))
    tokens = re.findall(r'"[^"]*"|\\.|am/pm|a/p|y+|m+|d+|h+|s+|\.0+|.', pattern, re.I)
    twelve = any(token.lower() in ("am/pm", "a/p") for token in tokens)
    shown_tokens, last = [], ""
    for index, token in enumerate(tokens):
        letter, width = token[0].lower(), len(token)
        if letter == "m" and (last == "h" or _next_letter(tokens[index + 1 :]) == "s") and width < 3:
            letter = "minute"
        if letter in "ymdhs":
            last = letter
        shown_tokens.append(_token(token, letter, width, at, twelve, locale))
    return "".join(shown_tokens)


def _token(token: str, letter: str, width: int, at: datetime, twelve: bool, locale: Locale) -> str:
    if token.lower() == "am/pm":
        return "AM" if at.hour < 12 else "PM"
    if letter == "y":
        return f"{at.year % 100:02}" if width <= 2 else f"{at.year:04}"
    if letter == "m":
        name = locale.months[at.month - 1]
        return {1: str(at.month), 2: f"{at.month:02}", 3: name[:3], 5: name[0]}.get(width, name)
    if letter == "d":
        name = locale.days[at.weekday()]
        return {1: str(at.day), 2: f"{at.day:02}", 3: name[:3]}.get(width, name)
    if letter in ("h", "minute", "s"):
        hour = (at.hour % 12 or 12) if twelve else at.hour
        return f"{ {'h': hour, 'minute': at.minute, 's': at.second}[letter]:0{min(width, 2)}}"
    if re.fullmatch(r"\.0+", token):
        return locale.decimal + f"{at.microsecond:06}"[: width - 1]
    return _literal(token)


def _next_letter(tokens: list[str]) -> str:
    return next((token[0].lower() for token in tokens if token[0].lower() in "ymdhs"), "")
