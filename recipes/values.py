"""Reads what stands in a cell as what the recipe says it is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from recipes.errors import RowProblem
from recipes.model import Column

Value = str | int | date
LONGEST = 5000
"""Characters a cell may hold."""

# Left behind by copying from web pages and PDFs: zero-width space, word joiner, byte order mark, soft hyphen.
_LEFTOVERS = dict.fromkeys(map(ord, "\u200b\u2060\ufeff\u00ad"))
# Makes text read in another order than it is written in, so that a name shows as somebody else's.
_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")


@lru_cache(maxsize=4096)
def header(text: str) -> str:
    """A column's name as recipes write it: `Signer E-Mail ` in a sheet is `signer_e_mail`."""
    return re.sub(r"[\s_-]+", "_", folded(text).casefold())


def folded(text: str) -> str:
    """Compatible forms made one (NFKC), ends trimmed, white space inside folded: what counts in a key."""
    return " ".join(unicodedata.normalize("NFKC", text.translate(_LEFTOVERS)).split())


def read(name: str, column: Column, cell: str) -> Value:
    """The cell's value; an empty cell gives the default, else an empty text. Raises `RowProblem`."""
    text = " ".join(cell.translate(_LEFTOVERS).split())
    if not text and column.default is not None:
        text = column.default
    if not text:
        if column.required:
            raise RowProblem(f"{name}: is empty; fill it in.")
        return ""
    if len(text) > LONGEST:
        raise RowProblem(f"{name}: is longer than {LONGEST} characters; shorten it.")
    # First asked of the whole text, which nearly always is printable.
    if not text.isprintable() and (_TURNING.search(text) or _invisible(text)):
        raise RowProblem(f"{name}: holds invisible characters; clear the cell and type it again.")
    return _READERS[column.type](name, column, text)


def _invisible(text: str) -> bool:
    return any(unicodedata.category(char) in {"Cc", "Cs", "Co"} for char in text)


def email(name: str, text: str) -> str:
    """The address as typed, its domain in lower case; nobody is asked whether it exists. Raises `RowProblem`."""
    if (address := _address(text)) is None:
        raise RowProblem(f'{name}: "{text}" is not an e-mail address; correct it.')
    return address


@lru_cache(maxsize=1024)
def _address(text: str) -> str | None:
    """Kept for a while, since one address is asked about as a cell, as a signer's, and in the next row again."""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        return None


def phone(name: str, text: str, region: str | None = None) -> str:
    """The number in its international form (E.164). Raises `RowProblem`."""
    import phonenumbers  # only here, since it takes its time to import, and few sheets have numbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise RowProblem(f'{name}: "{text}" is not a phone number; write it like +44 20 7946 0018.')
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _text(name: str, column: Column, text: str) -> str:
    return text


def _email(name: str, column: Column, text: str) -> str:
    return email(name, text)


def _integer(name: str, column: Column, text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise RowProblem(f'{name}: "{text}" is not a whole number; write digits only.')
    return int(text)


def _date(name: str, column: Column, text: str) -> date:
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise RowProblem(f'{name}: "{text}" is not a date; write it like 2026-12-31.') from None


def _choice(name: str, column: Column, text: str) -> str:
    for choice in column.choices:
        if folded(choice).casefold() == folded(text).casefold():
            return choice
    raise RowProblem(f'{name}: "{text}" is not one of {", ".join(column.choices)}; choose one of them.')


def _phone(name: str, column: Column, text: str) -> str:
    return phone(name, text, column.region)


_READERS: Mapping[str, Callable[[str, Column, str], Value]] = {
    "text": _text,
    "email": _email,
    "integer": _integer,
    "date": _date,
    "choice": _choice,
    "phone": _phone,
}
