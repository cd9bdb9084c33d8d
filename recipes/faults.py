"""What is wrong with a cell: a sentence for the person who mends it, and a kind, so that like faults stand together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MANY: Mapping[str, str] = {
    "empty": "are empty",
    "long": "are too long",
    "invisible": "hold invisible characters",
    "email": "are not e-mail addresses",
    "phone": "are not phone numbers",
    "integer": "are not whole numbers",
    "number": "are not numbers",
    "two ways": "are numbers that can be read in two ways",
    "date": "are not dates",
    "date order": "are dates that can be read in two ways",
    "choice": "are none of the choices",
    "yes_no": "are neither yes nor no",
    "url": "are not web addresses",
    "currency": "are in another currency",
}
"""What is said of several cells with the same fault; `Fault.said` says it of one."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a row. `column` is the recipe's name for it; None where the fault is the whole row's."""

    kind: str
    """One of `MANY`; otherwise it is what is said, once for all rows that have it."""
    column: str | None
    value: str
    said: str
    """What is wrong, as the end of a sentence: `is not an e-mail address`."""
    way_on: str
    """What to do: `correct it`."""

    def __str__(self) -> str:
        """The fault in one sentence, as the sheet shows it."""
        subject = f"{self.column}: " if self.column else ""
        value = f'"{shortened(self.value)}" ' if self.value else ""
        return f"{subject}{value}{self.said}; {self.way_on}."


def of_row(kind: str, sentence: str) -> Fault:
    """A fault of the whole row: `what is wrong; what to do.`"""
    said, _, way_on = sentence.removesuffix(".").partition("; ")
    return Fault(kind, None, "", said, way_on)


def shortened(value: str, longest: int = 80) -> str:
    """A value as it is shown where there is little room."""
    return value if len(value) <= longest else f"{value[: longest - 1]}…"
