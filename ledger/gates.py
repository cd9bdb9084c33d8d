"""Gates: a batch whose first rows go out alone, and a person's answer about the others."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.signing.model import Frozen
from ledger.prepared import now
from ledger.schema import batches, requests
from ledger.schema import gates as table
from ledger.sql import among, stands, upsert
from ledger.states import RequestState
from ledger.store import Ledger


class Gate(Frozen):
    """`last_row` is the canary's last row, 0 where nothing goes out before the answer; `waiting` is how many rows the
    question is about, once it has been put."""

    batch_id: str
    run_id: str | None
    last_row: int
    waiting: int | None = None
    asked_at: datetime | None = None
    answer: Literal["yes", "no"] | None = None
    answered_at: datetime | None = None


class Part(NamedTuple):
    """`number` planned rows of a batch: all of them (None), those of a stretch of the sheet (a range), or a list.

    Each claim carries what is named here, and a list of a hundred thousand rows would cost more than the claim.
    """

    rows: range | list[int] | None
    number: int


def waits(gate: Gate) -> str:
    """Why a batch behind a gate sends nothing."""
    which = "Its first rows are out and the others wait" if gate.last_row else "Its rows wait"
    return (
        f"{which} for a person's yes: `esign batch resume {gate.batch_id}` sends them, "
        f"`esign batch void {gate.batch_id}` takes everything back."
    )


def refused(gate: Gate) -> str:
    """Why a batch sends nothing after a no."""
    which = "the others" if gate.last_row else "its rows"
    return (
        f"A person said no to sending {which}: `esign batch resume {gate.batch_id}` sends them after all, "
        f"`esign batch void {gate.batch_id}` takes everything back."
    )


async def of_run(ledger: Ledger, run_id: str) -> Gate | None:
    """The gate a run has made: how it finds its batch when it starts again from its first line."""
    return await _one(ledger, table.c.run_id == run_id)


async def of_batch(ledger: Ledger, batch_id: str) -> Gate | None:
    """The batch's gate."""
    return await _one(ledger, table.c.batch_id == batch_id)


async def make(
    ledger: Ledger, batch_id: str, run_id: str | None, canary: int, only_rows: Collection[int] | None = None
) -> Gate | None:
    """Let the next `canary` planned rows be those that go out alone, or none (0); None where no others would be left.

    A canary that is not all out yet stays what it was, so that sending again never makes it longer.
    """
    async with ledger.begin() as connection:
        chosen = select(requests.c.row).where(*_planned(connection, batch_id, only_rows)).order_by(requests.c.row)
        rows = list((await connection.execute(chosen.limit(canary + 1))).scalars())
        if len(rows) <= canary:
            return None
        before = (await connection.execute(select(table).where(table.c.batch_id == batch_id))).mappings().one_or_none()
        unfinished = before is not None and before["asked_at"] is None and before["last_row"] >= rows[0]
        values: dict[str, Any] = {
            "run_id": run_id,
            "last_row": before["last_row"] if before and unfinished else (rows[canary - 1] if canary else 0),
            "waiting": None,
            "asked_at": None,
            "answer": None,
            "answered_at": None,
        }
        anew = upsert(connection, table).values(batch_id=batch_id, **values)
        await connection.execute(anew.on_conflict_do_update(index_elements=[table.c.batch_id], set_=values))
    return Gate(batch_id=batch_id, run_id=run_id, last_row=values["last_row"])


async def canary_rows(ledger: Ledger, gate: Gate, only_rows: Collection[int] | None = None) -> Part:
    """The canary's rows that are still to be sent."""
    async with ledger.read() as connection:
        chosen = select(requests.c.row).where(
            *_planned(connection, gate.batch_id, only_rows), requests.c.row <= gate.last_row
        )
        rows = list((await connection.execute(chosen.order_by(requests.c.row))).scalars())
        return await _part(connection, gate.batch_id, rows)


async def ask(ledger: Ledger, gate: Gate, only_rows: Collection[int] | None = None, most: int | None = None) -> Gate:
    """Close the gate: nothing more is claimed until somebody answers; at most so many rows are asked about.

    Asking again changes nothing.
    """
    async with ledger.begin() as connection:
        counted = select(func.count()).select_from(requests).where(*_planned(connection, gate.batch_id, only_rows))
        planned = (await connection.execute(counted)).scalar_one()
        waiting = planned if most is None else min(planned, most)
        at = await now(connection)
        put = (table.c.batch_id == gate.batch_id) & table.c.asked_at.is_(None)
        if (await connection.execute(update(table).where(put).values(asked_at=at, waiting=waiting))).rowcount:
            going = (batches.c.id == gate.batch_id) & (batches.c.state == "open")
            change = update(batches).where(going).values(state="held", paused_because=waits(gate))
            await connection.execute(change)
    return await of_batch(ledger, gate.batch_id) or gate


async def answer(ledger: Ledger, gate: Gate, yes: bool) -> str:
    """Write a person's answer down; the batch's state now.

    A yes opens what the gate itself has closed. A batch that somebody paused or voided meanwhile stays as it is.
    """
    async with ledger.begin() as connection:
        given = (table.c.batch_id == gate.batch_id) & table.c.answer.is_(None)
        said = {"answer": "yes" if yes else "no", "answered_at": await now(connection)}
        await connection.execute(update(table).where(given).values(**said))
        closed = (
            (batches.c.id == gate.batch_id) & (batches.c.state == "held") & (batches.c.paused_because == waits(gate))
        )
        then = {"state": "open", "paused_because": None} if yes else {"paused_because": refused(gate)}
        await connection.execute(update(batches).where(closed).values(**then))
        state: str = (
            await connection.execute(select(batches.c.state).where(batches.c.id == gate.batch_id))
        ).scalar_one()
    return state


async def others(ledger: Ledger, gate: Gate, only_rows: Collection[int] | None = None) -> Part:
    """The rows the question was about that are still to be sent.

    What was planned after the question was put (a further round) is not among those somebody said yes to.
    """
    async with ledger.read() as connection:
        mine = _planned(connection, gate.batch_id, only_rows)
        known = select(requests.c.row).where(*mine, requests.c.created_at <= gate.asked_at)
        rows = list((await connection.execute(known.order_by(requests.c.row))).scalars())
        every = select(func.count()).select_from(requests).where(*_planned(connection, gate.batch_id, None))
        if (await connection.execute(every)).scalar_one() == len(rows):
            return Part(None, len(rows))
        return await _part(connection, gate.batch_id, rows)


async def _part(connection: AsyncConnection, batch_id: str, rows: list[int]) -> Part:
    """From the first of these rows to the last, if no other planned row lies between them."""
    if not rows:
        return Part(rows, 0)
    between = (*_planned(connection, batch_id, None), requests.c.row.between(rows[0], rows[-1]))
    counted = select(func.count()).select_from(requests).where(*between)
    whole = (await connection.execute(counted)).scalar_one() == len(rows)
    return Part(range(rows[0], rows[-1] + 1) if whole else rows, len(rows))


def _planned(connection: AsyncConnection, batch_id: str, only_rows: Collection[int] | None) -> list[Any]:
    mine = [requests.c.batch_id == batch_id, stands(requests.c.state, RequestState.PLANNED)]
    return mine if only_rows is None else [*mine, among(connection, requests.c.row, only_rows)]


async def _one(ledger: Ledger, condition: Any) -> Gate | None:
    async with ledger.read() as connection:
        row = (await connection.execute(select(table).where(condition))).mappings().first()
    return Gate(**row) if row else None
