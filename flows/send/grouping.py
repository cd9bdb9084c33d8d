"""Puts like faults of a sheet together, so that its owner sees three things to mend and not three hundred rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flows.send.judging import PlanRow
from flows.send.plan import Plan
from recipes.faults import MANY, Fault
from recipes.headers import bare


@dataclass(frozen=True, slots=True)
class Cell:
    """One place with the fault: the row, the cell (`D17`; None for a fault of the whole row), what stands there."""

    row: int
    cell: str | None
    value: str
    said: str


@dataclass(frozen=True, slots=True)
class Group:
    """One kind of fault in one column: `3 cells in signer_email are not e-mail addresses: rows 4, 17, 210`."""

    kind: str
    column: str | None
    """The column as the sheet calls it; or the part of the request that cannot be made of the row."""
    letter: str | None
    cells: tuple[Cell, ...]
    way_on: str

    @property
    def headline(self) -> str:
        """What is wrong, and how often."""
        count = len(self.cells)
        if self.kind not in MANY:
            return f"{self.column}: {self.kind}" if self.column else self.kind
        where = f" in {self.column}" if self.column else ""
        if count == 1:
            return f"1 cell{where} {self.cells[0].said}"
        return f"{count} cells{where} {MANY[self.kind]}"


def grouped(plan: Plan, rows: Iterable[PlanRow]) -> list[Group]:
    """The faults of these rows by column and kind, in the order in which the sheet shows them first."""
    headers = {plan.recipe.by_header[key]: name for name in plan.content.columns
               if (key := bare(name)) in plan.recipe.by_header}  # fmt: skip
    found: dict[tuple[str, str | None], list[tuple[PlanRow, Fault]]] = {}
    for row, fault in _faults(rows):
        found.setdefault((fault.kind, fault.column), []).append((row, fault))
    return [_group(plan, kind, headers.get(column or "", column), those) for (kind, column), those in found.items()]


def _faults(rows: Iterable[PlanRow]) -> Iterator[tuple[PlanRow, Fault]]:
    for row in rows:
        for fault in row.faults:
            yield row, fault


def _group(plan: Plan, kind: str, column: str | None, those: list[tuple[PlanRow, Fault]]) -> Group:
    letter = plan.content.letters.get(column or "")
    cells = (Cell(row.row, f"{letter}{row.row}" if letter else None, fault.value, fault.said) for row, fault in those)
    return Group(kind, column, letter, tuple(cells), those[0][1].way_on)
