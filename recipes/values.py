"""Reads what stands in a cell as what the recipe says it is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from connectors.sheets import Number
from recipes import addresses
from recipes.dates import TwoOrders, read_date
from recipes.errors import RowProblem
from recipes.faults import Fault
from recipes.headers import LEFTOVERS, bare, folded
from recipes.model import Column
from recipes.numbers import TwoWays, read_number

Value = str | int | Decimal | bool | date
LONGEST = 5000
"""Characters a cell may hold."""
YES = frozenset({"yes", "y", "true", "1", "x", "✓", "✔", "ja", "oui", "si", "sim", "wahr", "vrai"})
NO = frozenset({"no", "n", "false", "0", "-", "nein", "non", "nao", "falsch", "faux"})
_SYMBOLS: Mapping[str, str] = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "₹": "INR", "₺": "TRY", "zł": "PLN"}

# Makes text read in another order than it is written in, so that a name shows as somebody else's.
_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")


def read(name: str, column: Column, cell: str) -> Value:
    """The cell's value; an empty cell gives the default, else an empty text. Raises `RowProblem`."""
    exact = isinstance(cell, Number)
    text = cell if cell.isascii() and cell.isprintable() else cell.translate(LEFTOVERS)
    text = " ".join(text.split())
    if not text and column.default is not None:
        text = column.default
    if not text:
        if column.required:
            raise RowProblem(Fault("empty", name, "", "is empty", "fill it in"))
        return ""
    if len(text) > LONGEST:
        raise RowProblem(Fault("long", name, "", f"is longer than {LONGEST} characters", "shorten it"))
    # First asked of the whole text, which nearly always is printable.
    if not text.isprintable() and (_TURNING.search(text) or _invisible(text)):
        said = "holds invisible characters"
        raise RowProblem(Fault("invisible", name, "", said, "clear the cell and type it again"))
    return _READERS[column.type](name, column, Number(text) if exact else text)


def says_yes(cell: str) -> bool | None:
    """Whether a cell says yes or no; None if neither."""
    word = bare(cell) or cell.strip()
    return True if word in YES else False if word in NO else None


def _invisible(text: str) -> bool:
    return any(unicodedata.category(char) in {"Cc", "Cs", "Co"} for char in text)


def email(name: str, text: str) -> str:
    """The address as typed, its domain in lower case; nobody is asked whether it exists. Raises `RowProblem`."""
    if (address := addresses.email(text)) is None:
        raise RowProblem(Fault("email", name, text, "is not an e-mail address", "correct it"))
    return address


def phone(name: str, text: str, region: str | None = None) -> str:
    """The number in its international form (E.164). Raises `RowProblem`."""
    if (number := addresses.phone(text, region)) is None:
        raise RowProblem(Fault("phone", name, text, "is not a phone number", "write it like +44 20 7946 0018"))
    return number


def _text(name: str, column: Column, text: str) -> str:
    return str(text)


def _email(name: str, column: Column, text: str) -> str:
    return email(name, text)


def _url(name: str, column: Column, text: str) -> str:
    if (address := addresses.url(text)) is None:
        raise RowProblem(Fault("url", name, text, "is not a web address", "write it like https://www.example.com/page"))
    return address


def _integer(name: str, column: Column, text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}(?:\.0+)?" if isinstance(text, Number) else r"[+-]?[0-9]{1,18}", text):
        raise RowProblem(Fault("integer", name, text, "is not a whole number", "write digits only"))
    return int(text.partition(".")[0])


def _number(name: str, column: Column, text: str) -> Decimal:
    """Without the zeros that a format adds at its end: 61.50 is 61.5, wherever it comes from."""
    number = _decimal(name, column, text).normalize()
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number


def _decimal(name: str, column: Column, text: str) -> Decimal:
    decimal = "point" if isinstance(text, Number) else column.decimal
    try:
        return read_number(str(text), decimal)
    except TwoWays:
        way_on = "write it like 1234 or 1234.00"
        raise RowProblem(Fault("two ways", name, text, "can be read in two ways", way_on)) from None
    except ValueError:
        way_on = "write it like 1234.56" if decimal != "comma" else "write it like 1234,56"
        raise RowProblem(Fault("number", name, text, "is not a number", way_on)) from None


def _money(name: str, column: Column, text: str) -> Decimal:
    if not isinstance(text, Number):
        text, currency = _without_currency(text)
        if currency and column.currency and currency != column.currency:
            way_on = f"give it in {column.currency}"
            raise RowProblem(Fault("currency", name, text, f"is in {currency}", way_on))
    amount = _decimal(name, column, text)
    return amount if amount.as_tuple().exponent < -2 else amount.quantize(Decimal("0.01"))  # type: ignore[operator] # finite


def _without_currency(text: str) -> tuple[str, str | None]:
    for symbol, code in _SYMBOLS.items():
        if symbol in text:
            return text.replace(symbol, "", 1).strip(), code
    if found := re.fullmatch(r"(?:([A-Z]{3}) ?)?(.+?)(?: ?([A-Z]{3}))?", text):
        return found[2], found[1] or found[3]
    return text, None


def _date(name: str, column: Column, text: str) -> date:
    try:
        return read_date(text, column.first)
    except TwoOrders:
        way_on = "write it like 2026-12-31"
        raise RowProblem(Fault("date order", name, text, "can be read in two ways", way_on)) from None
    except ValueError:
        raise RowProblem(Fault("date", name, text, "is not a date", "write it like 2026-12-31")) from None


def _choice(name: str, column: Column, text: str) -> str:
    for choice in column.choices:
        if folded(choice).casefold() == folded(text).casefold():
            return choice
    said = f"is not one of {', '.join(column.choices)}"
    raise RowProblem(Fault("choice", name, text, said, "choose one of them"))


def _yes_no(name: str, column: Column, text: str) -> bool:
    if (said := says_yes(text)) is None:
        raise RowProblem(Fault("yes_no", name, text, "is neither yes nor no", "write one of them"))
    return said


def _phone(name: str, column: Column, text: str) -> str:
    return phone(name, text, column.region)


_READERS: Mapping[str, Callable[[str, Column, str], Value]] = {
    "text": _text,
    "email": _email,
    "integer": _integer,
    "number": _number,
    "money": _money,
    "date": _date,
    "choice": _choice,
    "yes_no": _yes_no,
    "phone": _phone,
    "url": _url,
}
