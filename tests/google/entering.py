"""What becomes of a text that a person types into a cell, or a program enters as one (USER_ENTERED)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from tests.google.display import Locale, serial


def entered(text: str, kept_format: str, locale: Locale) -> tuple[dict[str, Any], dict[str, str] | None]:
    """The value as it is kept, and the number format it brings along where the cell has none."""
    if text.startswith("'"):
        return {"stringValue": text[1:]}, None
    if text.startswith("=") and len(text) > 1:
        return {"formulaValue": text}, None
    if kept_format == "TEXT":
        return {"stringValue": text}, None
    if text.strip().upper() in ("TRUE", "FALSE"):
        return {"boolValue": text.strip().upper() == "TRUE"}, None
    return _number(text.strip(), locale) or _moment(text.strip(), locale) or ({"stringValue": text}, None)


def _number(text: str, locale: Locale) -> tuple[dict[str, Any], dict[str, str] | None] | None:
    decimal, group = re.escape(locale.decimal), re.escape(locale.group)
    found = re.fullmatch(
        rf"(?P<sign>[+-]?)(?P<money>[$€]?)(?P<digits>\d+|\d{{1,3}}(?:{group}\d{{3}})+)?(?P<fraction>{decimal}\d*)?"
        r"(?P<power>[eE][+-]?\d+)?\s?(?P<unit>[%€]?)",
        text,
    )
    if found is None or not (found["digits"] or len(found["fraction"] or "") > 1):
        return None
    plain = (found["digits"] or "0").replace(locale.group, "") + (found["fraction"] or "").replace(locale.decimal, ".")
    number = float(f"{found['sign']}{plain}{found['power'] or ''}")
    if found["unit"] == "%":
        return {"numberValue": number / 100}, {"type": "PERCENT", "pattern": "0.00%" if found["fraction"] else "0%"}
    if found["money"] or found["unit"]:
        return {"numberValue": number}, {"type": "CURRENCY", "pattern": locale.patterns["CURRENCY"]}
    if found["digits"] and locale.group in found["digits"]:
        return {"numberValue": number}, {"type": "NUMBER", "pattern": "#,##0.00" if found["fraction"] else "#,##0"}
    return {"numberValue": number}, None


DATES = [
    (r"\d{4}-\d{1,2}-\d{1,2}", "%Y-%m-%d", "DATE", "yyyy-mm-dd"),
    (r"\d{4}-\d{1,2}-\d{1,2} \d{1,2}:\d{2}", "%Y-%m-%d %H:%M", "DATE_TIME", "yyyy-mm-dd h:mm"),
    (r"\d{4}-\d{1,2}-\d{1,2} \d{1,2}:\d{2}:\d{2}", "%Y-%m-%d %H:%M:%S", "DATE_TIME", "yyyy-mm-dd h:mm:ss"),
]
OF_A_COUNTRY = {
    ".": [(r"\d{1,2}/\d{1,2}/\d{4}", "%m/%d/%Y", "DATE", "m/d/yyyy")],
    ",": [(r"\d{1,2}\.\d{1,2}\.\d{4}", "%d.%m.%Y", "DATE", "dd.mm.yyyy")],
}


def _moment(text: str, locale: Locale) -> tuple[dict[str, Any], dict[str, str]] | None:
    for shape, reading, kind, pattern in DATES + OF_A_COUNTRY[locale.decimal]:
        if re.fullmatch(shape, text):
            try:
                moment = datetime.strptime(text, reading)  # noqa: DTZ007 (a cell knows no zone)
            except ValueError:
                return None
            return {"numberValue": serial(moment)}, {"type": kind, "pattern": pattern}
    return None
