"""Judges a sheet's rows one by one and among each other: to be sent, sent already, or not fit to be."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from connectors.sheets import Sheet, SheetRow
from connectors.signing.model import SignatureRequest
from connectors.signing.provider import Provider
from ledger.drafts import Known, content_hash
from ledger.ids import read_esign_id
from ledger.states import RequestState
from recipes.errors import RowProblem
from recipes.faults import Fault, of_row
from recipes.model import Recipe
from recipes.rendering import Rendered, example_cells, render_row, row_key


class PlanVerdict(StrEnum):
    """What would happen to a row."""

    SEND = "send"
    UNCHANGED = "unchanged"
    """The ledger has this key already, with these contents; nothing is sent twice."""
    EDITED = "edited"
    """The ledger has this key already, and row or recipe have been edited since; nothing is sent."""
    BLOCKED = "blocked"
    """What stands in the row's `esign id` has to be settled by a person first."""
    DUPLICATE = "duplicate"
    """Another row of the sheet has this row's key."""
    REFUSED = "refused"
    """The row cannot be sent as it stands."""


WAS = {
    RequestState.FAILED: "refused",
    RequestState.DECLINED: "declined",
    RequestState.EXPIRED: "expired",
    RequestState.CANCELED: "canceled",
}
"""How a request has ended that may be followed by another."""
BAD = frozenset({PlanVerdict.BLOCKED, PlanVerdict.DUPLICATE, PlanVerdict.REFUSED})
ALREADY = frozenset({PlanVerdict.UNCHANGED, PlanVerdict.EDITED})


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


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One row's verdict; what it would send is rendered again when somebody asks, as a long sheet has much of it."""

    row: int
    key: str | None
    verdict: PlanVerdict
    faults: tuple[Fault, ...] = ()
    known: Known | None = None
    digest: bytes = b""
    """SHA-256 of what would reach people; empty for a row that cannot be rendered."""
    signers: int = 0
    at: int = 0
    """The row's place among the sheet's rows."""
    note: str | None = None

    @property
    def problem(self) -> str | None:
        """What the person with the sheet has to know; it may name what stands in the row."""
        return " ".join(map(str, self.faults)) or self.note


def judge(
    recipe: Recipe,
    sheet: Sheet,
    keyed: Sequence[str | RowProblem],
    sending: Sending,
    memory: Memory,
    *,
    again: bool = False,
    asked: Collection[int] = (),
    look: Callable[[SignatureRequest], None] = lambda _: None,
) -> list[PlanRow]:
    """Every row's verdict, in the sheet's order; `again` sends anew what the provider refused, and of the rows `asked`
    for by number whatever has ended without being completed.

    `keyed`: see `keys`. `look` is shown each request that could be sent, whether it goes out or not.
    """
    judged = (
        _judge(recipe, row, at, key, sending, memory, _openings(again, row.number in asked), look)
        for at, (row, key) in enumerate(zip(sheet.rows, keyed, strict=True))
    )
    return list(_without_repeats(list(judged)))


def refused_before(row: PlanRow) -> bool:
    """Whether the provider refused this row the last time."""
    return row.known is not None and row.known.state is RequestState.FAILED


def keys(recipe: Recipe, sheet: Sheet) -> list[str | RowProblem]:
    """Each row's key, or why it has none; the ledger is asked about them before planning."""
    return [_key(recipe, row) for row in sheet.rows]


def marks(sheet: Sheet) -> list[str]:
    """The requests named in the sheet's `esign id` column, of whichever ledger."""
    if "esign id" not in sheet.columns:
        return []
    found = (read_esign_id(row.cells.get("esign id", "")) for row in sheet.rows)
    return list(dict.fromkeys(mark[1] for mark in found if mark))


def digest(rendered: Rendered) -> bytes:
    """SHA-256 of what would reach people."""
    told = hashlib.sha256(rendered.request.model_dump_json().encode())
    told.update(f"\0{rendered.archive_name}\0{rendered.key}".encode())
    return told.digest()


def _judge(
    recipe: Recipe,
    row: SheetRow,
    at: int,
    keyed: str | RowProblem,
    sending: Sending,
    memory: Memory,
    openings: Collection[RequestState],
    look: Callable[[SignatureRequest], None],
) -> PlanRow:
    key = keyed if isinstance(keyed, str) else None
    if blocked := _wrongly_marked(row, key, sending, memory):
        return PlanRow(row.number, key, PlanVerdict.BLOCKED, (blocked,), at=at)
    try:
        rendered = render_row(recipe, row.cells, key=key, provider=sending.provider.name, test=sending.mode == "test")
        _refuse_one_for_two(rendered.request)
        _refuse_sample(recipe, rendered.key, sending)
    except RowProblem as error:
        return PlanRow(row.number, key, PlanVerdict.REFUSED, error.faults, at=at)
    look(rendered.request)
    known = memory.known.get(rendered.key)
    judged = PlanRow(
        row.number,
        rendered.key,
        PlanVerdict.SEND,
        known=known,
        digest=digest(rendered),
        signers=len(rendered.request.signers),
        at=at,
    )
    if known is None or known.state is RequestState.PLANNED:
        return judged
    if known.state in openings:
        return replace(judged, note=f"{WAS[known.state]} last time{f': {known.problem}' if known.problem else ''}")
    edited = known.content_hash is not None and not known.says(content_hash(rendered.request))
    comparable = known.provider == sending.provider.name
    return replace(judged, verdict=PlanVerdict.EDITED if edited and comparable else PlanVerdict.UNCHANGED)


def _openings(again: bool, asked: bool) -> Collection[RequestState]:
    """From which states a row is sent anew."""
    if not again:
        return ()
    return WAS if asked else (RequestState.FAILED,)


def _key(recipe: Recipe, row: SheetRow) -> str | RowProblem:
    try:
        return row_key(recipe, row.cells)
    except RowProblem as error:
        return error.with_traceback(None)


def _refuse_sample(recipe: Recipe, key: str, sending: Sending) -> None:
    """Raise `RowProblem` for the sample row of a new sheet, where it would reach people for real."""
    if sending.mode == "live" and key == row_key(recipe, example_cells(recipe)):
        raise RowProblem(of_row("still the sample row", "This is still the sample row; overwrite it, or delete it."))


def _refuse_one_for_two(request: SignatureRequest) -> None:
    """Raise `RowProblem` if one person is to sign in two roles: providers tell signers apart by their address."""
    seen: dict[str, str] = {}
    for signer in request.signers:
        other = seen.setdefault(signer.email.casefold(), signer.role)
        if other != signer.role:
            said = f"is the address of both {other} and {signer.role}"
            way_on = "give each signer an address of their own"
            raise RowProblem(Fault("one address for two signers", None, signer.email, said, way_on))


def _wrongly_marked(row: SheetRow, key: str | None, sending: Sending, memory: Memory) -> Fault | None:
    """What is wrong with the row's `esign id`, if anything: it says to whom the status columns belong."""
    text = row.cells.get("esign id", "").strip()
    if not text:
        return None
    mark = read_esign_id(text)
    if mark is None:
        return of_row(
            "the cell 'esign id' holds something else",
            "The cell 'esign id' holds something else; clear it if this row has not been sent yet.",
        )
    ledger, request = mark
    if ledger != sending.ledger:
        return of_row(
            "sent from another ledger",
            "This row was sent from another ledger; use that one, or clear 'esign id' to send it anew from here.",
        )
    if request not in memory.marked:
        return of_row(
            "'esign id' unknown to the ledger",
            "The ledger does not know this row's 'esign id'; clear the cell if the row has not been sent yet.",
        )
    if memory.marked[request] != key:
        return of_row(
            "the key was edited after sending",
            f"The key was edited: 'esign id' belongs to {memory.marked[request]}; "
            "put the key back, or clear 'esign id' if this is a new row.",
        )
    if (campaign := memory.elsewhere.get(request)) is not None:
        return of_row(
            f"still out in the campaign {campaign}",
            f"This row is still out in another campaign than {sending.campaign}; "
            f"go on with --campaign {shlex.quote(campaign)}, or name the new one with --campaign.",
        )
    return None


def _without_repeats(rows: list[PlanRow]) -> Iterable[PlanRow]:
    """Of rows with one key: all the same → the first is kept; different → none is."""
    counted: dict[str, list[PlanRow]] = {}
    for row in rows:
        if row.key is not None:
            counted.setdefault(row.key, []).append(row)
    repeated = {key: _judge_repeats(group) for key, group in counted.items() if len(group) > 1}
    for row in rows:
        yield repeated[row.key][row.row] if row.key in repeated else row


def _judge_repeats(group: list[PlanRow]) -> dict[int, PlanRow]:
    first = group[0]
    alike = all(other.digest == first.digest for other in group)
    listed = ", ".join(str(row.row) for row in group[:5]) + (" …" if len(group) > 5 else "")
    fault = of_row(
        f"the same as row {first.row}, which is the one that counts",
        f"The same as row {first.row}, which is the one that counts; delete this one.",
    )
    if not alike:
        fault = of_row(
            f"rows {listed} have one key but different contents",
            f"Rows {listed} have one key but different contents; keep one of them.",
        )
    return {row.row: row if row.verdict in BAD or (alike and row is first) else _refuse(row, fault) for row in group}


def _refuse(row: PlanRow, fault: Fault) -> PlanRow:
    return replace(row, verdict=PlanVerdict.DUPLICATE, faults=(fault,), note=None)
