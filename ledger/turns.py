"""Hands out an account's turns: one clock for everybody who sends through it, whatever process and machine they are on.

Each call takes one turn, and turns are a second divided by the account's rate apart (the virtual scheduling form of
the leaky bucket, ITU-T I.371). They are taken in the transaction that claims the rows, so a turn costs no commit of
its own, and a row never waits with a turn that somebody else has, too.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import bindparam, case, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.prepared import Prepared
from ledger.schema import turns
from ledger.sql import now_ms, upsert

BURST_SECONDS = 0.02
"""Turns that nobody took may be made up for by as many as fit into this."""
LONGEST_HOLD_SECONDS = 600.0
"""How long an account may be told to wait; a clock further ahead is one that was set wrongly."""
SECOND = 1_000_000


class Free(NamedTuple):
    """Turns that are free now: the first begins `first_in` seconds from now, each further `apart` seconds later."""

    number: int
    first_in: float
    apart: float
    start_us: int

    def begins_in(self, place: int) -> float:
        """Seconds from now until the turn at this place (from 0) begins."""
        return max(0.0, self.first_in + place * self.apart)

    def after(self, seconds: float) -> Free:
        """The same turns, seen so many seconds later."""
        return self._replace(first_in=self.first_in - seconds)


_MINE = (turns.c.provider == bindparam("provider_")) & (turns.c.account == bindparam("account_"))
_LOOK = Prepared(lambda _: select(turns.c.next_us, now_ms()).where(_MINE).with_for_update())
_TAKE = Prepared(lambda _: update(turns).where(_MINE).values(next_us=bindparam("following")))


async def look(connection: AsyncConnection, provider: str, account: str, rate: float, ahead_seconds: float) -> Free:
    """The turns that begin within `ahead_seconds`, of `rate` a second; nobody else takes any until the commit."""
    whose = {"provider_": provider, "account_": account}
    if not (found := await _LOOK.rows(connection, whose)):
        line = upsert(connection, turns).values(provider=provider, account=account, next_us=0)
        await connection.execute(line.on_conflict_do_nothing())
        found = await _LOOK.rows(connection, whose)
    next_us, at_ms = found[0]
    at = at_ms * 1000
    if next_us > at + (LONGEST_HOLD_SECONDS + 60) * SECOND:
        next_us = 0
    start = max(next_us, at - round(BURST_SECONDS * SECOND))
    apart = 1 / rate
    number = (
        int((at + ahead_seconds * SECOND - start) / (apart * SECOND)) + 1 if start <= at + ahead_seconds * SECOND else 0
    )
    return Free(number, (start - at) / SECOND, apart, start)


async def take(connection: AsyncConnection, provider: str, account: str, free: Free, number: int) -> None:
    """Take so many of the free turns."""
    following = free.start_us + round(number * free.apart * SECOND)
    whose = {"provider_": provider, "account_": account, "following": following}
    await _TAKE.run(connection, whose)


async def hold(connection: AsyncConnection, provider: str, account: str, seconds: float) -> None:
    """The provider asks to wait: no turn of this account begins earlier than so many seconds from now."""
    line = upsert(connection, turns)
    until = now_ms() * 1000 + round(min(seconds, LONGEST_HOLD_SECONDS) * SECOND)
    later = case((turns.c.next_us < until, until), else_=turns.c.next_us)
    waiting = line.values(provider=provider, account=account, next_us=until)
    await connection.execute(
        waiting.on_conflict_do_update(index_elements=[turns.c.provider, turns.c.account], set_={"next_us": later})
    )
