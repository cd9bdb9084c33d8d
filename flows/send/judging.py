"""Judges a sheet's rows one by one and among each other: to be sent, sent already, or not fit to be."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from connectors.sheets import Sheet, SheetRow
from connectors.signing.provider import Provider
from ledger.drafts import Known
from ledger.ids import read_esign_id
from ledger.states import RequestState
from recipes.errors import RowProblem
from recipes.model import Recipe
from recipes.rendering import Rendered, render_row, row_key


class PlanVerdict(StrEnum):
    """What would happen to a row."""

    SEND = "send"
    ALREADY = "already"
    """The ledger has this key already; nothing is sent twice."""
    REFUSED = "refused"


@dataclass(frozen=True)
class Sending:
    """Through which account a sheet goes out, and what that is called: what is neither in the sheet nor the recipe."""

    provider: type[Provider]
    account: str
    mode: Literal["test", "live"]
    campaign: str
    recipe: str
    """What the recipe is loaded by: a name, or a folder."""
    ledger: str
    """Short id of the ledger, as it stands in `esign id`."""
    base_url: str = ""
    fingerprint: str = ""
    """Which account it is, whatever it is called next time."""


@dataclass(frozen=True)
class Memory:
    """What the ledger knows of a sheet: each key's newest round, and the key of each request its `esign id`s name.

    `elsewhere` are those of these requests that are still out in another campaign, which nobody said to leave.
    """

    known: Mapping[str, Known]
    marked: Mapping[str, str]
    elsewhere: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PlanRow:
    """One row's verdict. `problem` is for the person with the sheet and may name what stands in it."""

    row: int
    key: str | None
    verdict: PlanVerdict
    problem: str | None = None
    known: Known | None = None
    rendered: Rendered | None = None


def judge(recipe: Recipe, sheet: Sheet, sending: Sending, memory: Memory, *, again: bool = False) -> list[PlanRow]:
    """Every row's verdict, in the sheet's order; `again` sends anew what the provider refused."""
    return list(_without_repeats([_judge(recipe, row, sending, memory, again) for row in sheet.rows]))


def refused_before(row: PlanRow) -> bool:
    """Whether the provider refused this row the last time."""
    return row.known is not None and row.known.state is RequestState.FAILED


def keys(recipe: Recipe, sheet: Sheet) -> list[str]:
    """The keys of the rows that have one, to ask the ledger about before planning."""
    return [key for key in (_key(recipe, row)[0] for row in sheet.rows) if key is not None]


def marks(sheet: Sheet) -> list[str]:
    """The requests named in the sheet's `esign id` column, of whichever ledger."""
    found = (read_esign_id(row.cells.get("esign id", "")) for row in sheet.rows)
    return list(dict.fromkeys(mark[1] for mark in found if mark))


def _judge(recipe: Recipe, row: SheetRow, sending: Sending, memory: Memory, again: bool) -> PlanRow:
    key, problem = _key(recipe, row)
    problem = problem or _wrongly_marked(row, key, sending, memory)
    if problem is not None:
        return PlanRow(row.number, key, PlanVerdict.REFUSED, problem)
    try:
        rendered = render_row(recipe, row.cells, provider=sending.provider.name, test=sending.mode == "test")
    except RowProblem as error:
        return PlanRow(row.number, key, PlanVerdict.REFUSED, str(error))
    known = memory.known.get(rendered.key)
    judged = PlanRow(row.number, rendered.key, PlanVerdict.SEND, known=known, rendered=rendered)
    if known is None or known.state is RequestState.PLANNED:
        return judged
    if again and refused_before(judged):
        return replace(judged, problem=f"refused last time: {known.problem}")
    return replace(judged, verdict=PlanVerdict.ALREADY)


def _key(recipe: Recipe, row: SheetRow) -> tuple[str | None, str | None]:
    try:
        return row_key(recipe, row.cells), None
    except RowProblem as error:
        return None, str(error)


def _wrongly_marked(row: SheetRow, key: str | None, sending: Sending, memory: Memory) -> str | None:
    """What is wrong with the row's `esign id`, if anything: it says to whom the status columns belong."""
    text = row.cells.get("esign id", "").strip()
    if not text:
        return None
    mark = read_esign_id(text)
    if mark is None:
        return "The cell 'esign id' holds something else; clear it if this row has not been sent yet."
    ledger, request = mark
    if ledger != sending.ledger:
        return "This row was sent from another ledger; use that one, or clear 'esign id' to send it anew from here."
    if request not in memory.marked:
        return "The ledger does not know this row's 'esign id'; clear the cell if the row has not been sent yet."
    if memory.marked[request] != key:
        return (
            f"The key was edited: 'esign id' belongs to {memory.marked[request]}; "
            "put the key back, or clear 'esign id' if this is a new row."
        )
    if (campaign := memory.elsewhere.get(request)) is not None:
        return (
            f"This row is still out in another campaign than {sending.campaign}; "
            f"go on with --campaign {shlex.quote(campaign)}, or name the new one with --campaign."
        )
    return None


def _without_repeats(rows: list[PlanRow]) -> Iterable[PlanRow]:
    """Of rows with one key: all the same → the first is kept; different → none is."""
    same_key: dict[str, list[PlanRow]] = {}
    for row in rows:
        if row.key is not None:
            same_key.setdefault(row.key, []).append(row)
    repeated = {key: _judge_repeats(group) for key, group in same_key.items() if len(group) > 1}
    for row in rows:
        yield repeated[row.key][row.row] if row.key in repeated else row


def _judge_repeats(group: list[PlanRow]) -> dict[int, PlanRow]:
    first = group[0]
    alike = all(other.rendered == first.rendered for other in group)
    listed = ", ".join(str(row.row) for row in group[:5]) + (" …" if len(group) > 5 else "")
    problem = f"The same as row {first.row}, which is the one that counts."
    if not alike:
        problem = f"Rows {listed} have one key but different contents; keep one of them."
    return {
        row.row: row if row.verdict is PlanVerdict.REFUSED or (alike and row is first) else _refuse(row, problem)
        for row in group
    }


def _refuse(row: PlanRow, problem: str) -> PlanRow:
    return PlanRow(row.row, row.key, PlanVerdict.REFUSED, problem, known=row.known)
