"""How much stands in the inbox and how long, for whoever watches it; each number by an index of its own."""

from __future__ import annotations

from sqlalchemy import ScalarSelect, func, select

from connectors.signing.model import Frozen
from ledger.schema import inbox
from ledger.sql import now_ms, stands
from ledger.store import Ledger

MOST_COUNTED = 100_000
"""Where counting stops: beyond it the number is of no more use, and counting costs the ledger something."""


class Depth(Frozen):
    """Deliveries that wait, belong to no request we know, or are dead letters; 100,000 stands for that many or more."""

    waiting: int
    unmatched: int
    dead: int
    oldest_seconds: float
    """Since the oldest of those that wait came in; 0 where none does."""


async def depth(ledger: Ledger) -> Depth:
    """Ask for all of it at once."""
    oldest = select(inbox.c.received_at).where(stands(inbox.c.state, "waiting")).order_by(inbox.c.id).limit(1)
    asked = select(
        _count("waiting").label("waiting"),
        _count("unmatched").label("unmatched"),
        _count("dead").label("dead"),
        oldest.scalar_subquery().label("oldest"),
        now_ms().label("now"),
    )
    async with ledger.read() as connection:
        row = (await connection.execute(asked)).one()
    since = None if row.oldest is None else row.oldest.timestamp() * 1000
    age = 0.0 if since is None else max(0.0, (row.now - since) / 1000)
    return Depth(waiting=row.waiting, unmatched=row.unmatched, dead=row.dead, oldest_seconds=age)


def _count(state: str) -> ScalarSelect[int]:
    some = select(inbox.c.id).where(stands(inbox.c.state, state)).limit(MOST_COUNTED).subquery()
    return select(func.count()).select_from(some).scalar_subquery()
