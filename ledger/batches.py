"""Batches: what they are, how far they are, and who may pause, reopen and finish them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.signing.model import Frozen
from ledger.schema import batches as table
from ledger.schema import other_rows, requests
from ledger.sql import among, at_least, now_ms, stands, unindexed
from ledger.states import RequestState
from ledger.store import Ledger

UNSETTLED = (RequestState.PLANNED.value, RequestState.SENDING.value, RequestState.UNCERTAIN.value)


class Batch(Frozen):
    """One sending of one sheet. `paused_because` is the sentence that says why nothing more goes out.

    `paused` is a batch that stopped itself: sending it again goes on. `held` is a person's pause, or waits for a
    person's yes: only `release` lets it go on.
    """

    id: str
    recipe: str
    campaign: str
    provider: str
    account: str
    mode: Literal["test", "live"]
    sheet: str
    hash: str
    base_url: str
    fingerprint: str
    state: Literal["open", "paused", "held", "done"]
    paused_because: str | None
    created_at: datetime
    frozen_at: datetime
    finished_at: datetime | None


Counts = dict[str, int]
"""How many of the batch's requests are in each state (zeros left out), and how many other rows its sheet has:
`refused`, and `already` in another batch."""


async def batch(ledger: Ledger, batch_id: str) -> Batch | None:
    """One batch; None for an id the ledger does not know."""
    async with ledger.read() as connection:
        row = (await connection.execute(select(table).where(table.c.id == batch_id))).mappings().one_or_none()
    return Batch(**row) if row else None


async def batches(ledger: Ledger, newest: int = 20) -> list[Batch]:
    """The batches frozen last, the latest first."""
    latest = select(table).order_by(table.c.frozen_at.desc(), table.c.id.desc()).limit(newest)
    async with ledger.read() as connection:
        return [Batch(**row) for row in (await connection.execute(latest)).mappings()]


async def of_sheet(ledger: Ledger, sheet: str) -> Batch | None:
    """The batch frozen last of those that were sent from this sheet."""
    latest = select(table).where(table.c.sheet == sheet).order_by(table.c.frozen_at.desc(), table.c.id.desc()).limit(1)
    async with ledger.read() as connection:
        row = (await connection.execute(latest)).mappings().one_or_none()
    return Batch(**row) if row else None


async def counts(ledger: Ledger, batch_id: str) -> Counts:
    """How many rows of a batch stand where."""
    # Of a million rows hardly any are in a later round: all are counted in an index, and the few taken off again.
    per_state = (
        select(requests.c.state, func.count().label("number"))
        .where(requests.c.batch_id == batch_id)
        .group_by(requests.c.state)
    )
    others = select(func.count(other_rows.c.problem), func.count(other_rows.c.request_id)).where(
        other_rows.c.batch_id == batch_id
    )
    async with ledger.read() as connection:
        states: Counts = {row.state: row.number for row in await connection.execute(per_state)}
        for row in await connection.execute(_outdated(batch_id)):
            states[row.state] -= row.number
        refused, already = (await connection.execute(others)).one()
    return {state: number for state, number in states.items() if number} | {"refused": refused, "already": already}


async def planned(ledger: Ledger, batch_id: str, rows: Collection[int] | None = None) -> int:
    """How many requests of a batch wait to be sent: of these rows of its sheet, or of all."""
    async with ledger.read() as connection:
        waiting = [requests.c.batch_id == batch_id, stands(requests.c.state, RequestState.PLANNED)]
        if rows is not None:
            waiting.append(among(connection, requests.c.row, sorted(rows)))
        return (await connection.execute(select(func.count()).select_from(requests).where(*waiting))).scalar_one()


def newest_round() -> ColumnElement[bool]:
    """Of a key that was sent again within its batch, only the last round counts and is shown."""
    later = requests.alias()
    same = (later.c[name] == requests.c[name] for name in ("batch_id", "mode", "campaign", "key"))
    return ~exists().where(*same, later.c.round > requests.c.round, at_least(later.c.round, 2))


def _outdated(batch_id: str) -> Select[Any]:
    """The other way round: how many requests of this batch, by state, a later round has taken the place of."""
    earlier, later = requests.alias(), requests.alias()
    same = (later.c[name] == earlier.c[name] for name in ("mode", "campaign", "key"))
    return (
        select(earlier.c.state, func.count(earlier.c.id.distinct()).label("number"))
        .join(later, and_(*same, earlier.c.round < later.c.round))
        .where(later.c.batch_id == batch_id, at_least(later.c.round, 2), unindexed(earlier.c.batch_id) == batch_id)
        .group_by(earlier.c.state)
    )


async def pause(ledger: Ledger, batch_id: str, because: str) -> None:
    """Let nothing more of this batch be claimed; the first reason stays."""
    running = (table.c.id == batch_id) & (table.c.state == "open")
    async with ledger.begin() as connection:
        await connection.execute(update(table).where(running).values(state="paused", paused_because=because))


async def hold(ledger: Ledger, batch_id: str, because: str) -> bool:
    """Let nothing more of this batch be claimed until a person releases it; False for one that is done or unknown.

    A person's word stands above the breaker's, and the last one counts.
    """
    going = (table.c.id == batch_id) & (table.c.state != "done")
    async with ledger.begin() as connection:
        change = update(table).where(going).values(state="held", paused_because=because)
        return (await connection.execute(change)).rowcount == 1


async def release(ledger: Ledger, batch_id: str) -> None:
    """Let a batch go on, whoever paused it: a person said so."""
    stopped = (table.c.id == batch_id) & table.c.state.in_(("paused", "held"))
    async with ledger.begin() as connection:
        await connection.execute(update(table).where(stopped).values(state="open", paused_because=None))


async def held(ledger: Ledger, batch_ids: Collection[str]) -> list[Batch]:
    """Those of these batches that wait for a person."""
    async with ledger.read() as connection:
        chosen = select(table).where(table.c.state == "held", among(connection, table.c.id, sorted(batch_ids)))
        return [Batch(**row) for row in (await connection.execute(chosen.order_by(table.c.id))).mappings()]


async def reopen(ledger: Ledger, batch_id: str) -> None:
    """Let a batch that paused itself go on; one that a person paused stays as it is."""
    paused = (table.c.id == batch_id) & (table.c.state == "paused")
    async with ledger.begin() as connection:
        await connection.execute(update(table).where(paused).values(state="open", paused_because=None))


async def finish(ledger: Ledger, batch_id: str) -> bool:
    """Call the batch done if nothing of it is planned, sending or uncertain; whether it is done now."""
    async with ledger.begin() as connection:
        await close_if_nothing_is_left(connection, batch_id)
        state = (await connection.execute(select(table.c.state).where(table.c.id == batch_id))).scalar_one_or_none()
    return state == "done"


async def close_if_nothing_is_left(connection: AsyncConnection, batch_id: str) -> None:
    """Call a batch done, in the caller's transaction, if everything of it has an answer."""
    left = exists().where(requests.c.batch_id == batch_id, requests.c.state.in_(UNSETTLED))
    await connection.execute(
        update(table)
        .where(table.c.id == batch_id, table.c.state != "done", ~left)
        .values(state="done", paused_because=None, finished_at=now_ms())
    )
