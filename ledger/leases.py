"""Leases: who may do something alone for a while, by the database's clock, so that a killed holder blocks nobody."""

from __future__ import annotations

from sqlalchemy import delete, exists, select, update

from ledger.schema import leases
from ledger.sql import now_ms, upsert
from ledger.store import Ledger


async def acquire(ledger: Ledger, name: str, owner: str, seconds: float) -> bool:
    """Take the lease if nobody else holds it, in one statement; taking one's own again prolongs it."""
    until = now_ms() + round(seconds * 1000)
    async with ledger.begin() as connection:
        take = upsert(connection, leases).values(name=name, owner=owner, until=until)
        free = (leases.c.until <= now_ms()) | (leases.c.owner == owner)
        taken = take.on_conflict_do_update(
            index_elements=[leases.c.name], set_={"owner": owner, "until": until}, where=free
        )
        return (await connection.execute(taken.returning(leases.c.name))).first() is not None


async def renew(ledger: Ledger, name: str, owner: str, seconds: float) -> bool:
    """Prolong one's own lease; False once it has run out or somebody else holds it: stop what it protected."""
    mine = (leases.c.name == name) & (leases.c.owner == owner) & (leases.c.until > now_ms())
    async with ledger.begin() as connection:
        longer = update(leases).where(mine).values(until=now_ms() + round(seconds * 1000))
        return (await connection.execute(longer)).rowcount == 1


async def release(ledger: Ledger, name: str, owner: str) -> None:
    """Give one's own lease back; another's is left alone."""
    async with ledger.begin() as connection:
        await connection.execute(delete(leases).where(leases.c.name == name, leases.c.owner == owner))


async def alive(ledger: Ledger, name: str) -> bool:
    """Whether somebody holds it now."""
    held = exists().where(leases.c.name == name, leases.c.until > now_ms())
    async with ledger.read() as connection:
        return bool((await connection.execute(select(held))).scalar_one())
