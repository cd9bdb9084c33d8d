"""One cell: what was entered, how it is formatted, what a formula in it comes to."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from tests.google.display import DATE_TYPES, Locale, serial, shown

WIDTHS = {"REF": "#REF!", "DIVIDE_BY_ZERO": "#DIV/0!", "N_A": "#N/A", "NAME": "#NAME?", "VALUE": "#VALUE!"}
"""Google's names of errors, and what people see."""
DEFAULT_FORMAT = {"horizontalAlignment": "LEFT", "verticalAlignment": "BOTTOM", "wrapStrategy": "OVERFLOW_CELL"}


@dataclass(frozen=True)
class Failure:
    """What a formula comes to when it cannot be calculated."""

    kind: str = "REF"

    @property
    def word(self) -> str:
        return WIDTHS[self.kind]


@dataclass(frozen=True)
class Formula:
    """A formula with its result; nothing is calculated here."""

    text: str
    result: str | int | float | bool | Failure | None = field(default_factory=lambda: Failure("NAME"))


@dataclass(frozen=True)
class Formatted:
    """A value under a number format: `Formatted(0.5, "0%")`, `Formatted(date(2026, 3, 1), "dd.mm.yyyy")`."""

    value: Any
    pattern: str
    kind: str = ""


class Cell:
    """`kept` is the writable part of Google's CellData, `result` the outcome of a formula."""

    __slots__ = ("kept", "result")

    def __init__(self, kept: dict[str, Any] | None = None, result: Any = None) -> None:
        self.kept = kept or {}
        self.result = result

    @classmethod
    def of(cls, value: Any) -> Cell:
        """From a value of Python."""
        if isinstance(value, Formatted):
            cell = cls.of(value.value)
            kind = value.kind or ("DATE" if isinstance(value.value, date) else "NUMBER")
            cell.number_format = {"type": kind, "pattern": value.pattern}
            return cell
        if isinstance(value, Formula):
            return cls({"userEnteredValue": {"formulaValue": value.text}}, value.result)
        if isinstance(value, date):
            cell = cls({"userEnteredValue": {"numberValue": serial(value)}})
            cell.number_format = {"type": "DATE_TIME" if isinstance(value, datetime) else "DATE"}
            return cell
        return cls({"userEnteredValue": extended(value)} if value not in (None, "") else {})

    @property
    def entered(self) -> dict[str, Any]:
        return self.kept.get("userEnteredValue") or {}

    @entered.setter
    def entered(self, value: dict[str, Any] | None) -> None:
        self.result = None
        if value:
            self.kept["userEnteredValue"] = value
            if "formulaValue" in value:
                self.result = Failure("NAME")
        else:
            self.kept.pop("userEnteredValue", None)

    @property
    def formula(self) -> str | None:
        return self.entered.get("formulaValue")

    @property
    def value(self) -> Any:
        """String, number, truth value, Failure, or None."""
        return self.result if self.formula is not None else next(iter(self.entered.values()), None)

    @property
    def number_format(self) -> dict[str, Any]:
        return (self.kept.get("userEnteredFormat") or {}).get("numberFormat") or {}

    @number_format.setter
    def number_format(self, value: dict[str, Any]) -> None:
        self.kept.setdefault("userEnteredFormat", {})["numberFormat"] = value

    @property
    def note(self) -> str:
        return self.kept.get("note", "")

    @property
    def empty(self) -> bool:
        """Whether nobody would see anything in it, whatever its format is."""
        return self.value in (None, "")

    def copy(self) -> Cell:
        return Cell(copy.deepcopy(self.kept), self.result)

    def shown(self, locale: Locale) -> str:
        value = self.value
        return value.word if isinstance(value, Failure) else shown(value, self.number_format, locale)

    def rendered(self, option: str, dates: str, locale: Locale) -> Any:
        """As values.get hands it out."""
        if option == "FORMULA" and self.formula is not None:
            return self.formula
        value = self.value
        if option == "FORMATTED_VALUE" or isinstance(value, Failure):
            return self.shown(locale)
        if value is None:
            return ""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and self.number_format.get("type") in DATE_TYPES and dates == "FORMATTED_STRING":
            return self.shown(locale)
        return plain(value)

    def data(self, locale: Locale) -> dict[str, Any]:
        """Google's CellData, in its order."""
        kept, value = self.kept, self.value
        answer: dict[str, Any] = {}
        if self.entered:
            name, entered = next(iter(self.entered.items()))
            answer["userEnteredValue"] = {name: plain(entered)}
        if value is not None:
            answer["effectiveValue"] = (
                {"errorValue": {"type": value.kind, "message": "The double calculates nothing."}}
                if isinstance(value, Failure)
                else extended(value)
            )
            answer["formattedValue"] = self.shown(locale)
        own = kept.get("userEnteredFormat") or {}
        if own:
            answer["userEnteredFormat"] = copy.deepcopy(own)
        if kept:
            answer["effectiveFormat"] = {**DEFAULT_FORMAT, **copy.deepcopy(own)}
        for name in kept:
            if name not in ("userEnteredValue", "userEnteredFormat"):
                answer[name] = copy.deepcopy(kept[name])
        return answer


def extended(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int | float):
        return {"numberValue": plain(value)}
    return {"stringValue": str(value)}


def plain(value: Any) -> Any:
    """Google writes whole numbers without a point."""
    return int(value) if isinstance(value, float) and value == int(value) and abs(value) < 1e15 else value
