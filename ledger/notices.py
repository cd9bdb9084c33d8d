"""What the owner of a request is to be told: that somebody declined, a mail bounced, time ran out. At most once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select, update

from ledger.schema import effects, requests
from ledger.sql import among, now_ms, stands
from ledger.store import Ledger


class Notice(NamedTuple):
    """One piece of news; `what` is a word of ours, such as `declined`."""

    effect_id: int
    version: int
    what: str
    request_id: str
    batch_id: str
    row: int


async def due(ledger: Ledger, most: int) -> list[Notice]:
    """What is to be told now, the oldest first."""
    chosen = (
        select(effects.c.id, effects.c.version, effects.c.name, requests.c.id, requests.c.batch_id, requests.c.row)
        .join(requests, requests.c.id == effects.c.request_id)
        .where(stands(effects.c.state, "due"), effects.c.kind == "notice", effects.c.due_at <= now_ms())
        .order_by(effects.c.due_at, effects.c.id)
        .limit(most)
    )
    async with ledger.read() as connection:
        return [Notice(*row) for row in await connection.execute(chosen)]


async def unclear(ledger: Ledger, told: Sequence[Notice], problem: str) -> None:
    """Nobody knows whether these were told: they count as told, and their requests say so."""
    async with ledger.begin() as connection:
        these = among(connection, effects.c.id, [one.effect_id for one in told]) & stands(effects.c.state, "done")
        await connection.execute(update(effects).where(these).values(problem=problem))
