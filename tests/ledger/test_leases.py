"""Leases: one holder at a time, and a dead one blocks nobody for longer than it asked for."""

from __future__ import annotations

import asyncio

from ledger import leases
from ledger.store import Ledger


async def test_one_holds_it_and_the_others_do_not(ledger: Ledger, url: str) -> None:
    async with await Ledger.open(url) as other:
        taken = await asyncio.gather(
            *(leases.acquire(one, "drain", f"process {n}", 9.0) for n, one in enumerate([ledger, other] * 4))
        )
    assert sum(taken) == 1
    assert await leases.alive(ledger, "drain")
    assert not await leases.alive(ledger, "another")


async def test_it_runs_out_by_itself_and_then_cannot_be_renewed(ledger: Ledger) -> None:
    assert await leases.acquire(ledger, "drain", "first", 0.1)
    assert await leases.renew(ledger, "drain", "first", 0.1)
    assert not await leases.renew(ledger, "drain", "second", 9.0)
    await asyncio.sleep(0.15)
    assert not await leases.alive(ledger, "drain")
    assert not await leases.renew(ledger, "drain", "first", 9.0)
    assert await leases.acquire(ledger, "drain", "second", 9.0)


async def test_it_is_given_back_by_its_holder_alone(ledger: Ledger) -> None:
    await leases.acquire(ledger, "drain", "first", 9.0)
    await leases.release(ledger, "drain", "second")
    assert await leases.alive(ledger, "drain")
    await leases.release(ledger, "drain", "first")
    assert await leases.acquire(ledger, "drain", "second", 9.0)
