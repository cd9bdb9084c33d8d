"""A provider that asks to wait is waited for as long as it asked, once, and everybody hears of it at once."""

from __future__ import annotations

import asyncio
import itertools
import time

from aiohttp import web
from sqlalchemy import select

from flows.send.job import run_batch
from ledger.schema import turns
from ledger.settings import Settings
from ledger.sql import now_ms
from ledger.store import Ledger
from tests.flows.drafts import frozen
from tests.flows.fake_provider import FakeProvider, says


async def test_a_wait_is_over_when_the_provider_said_so_also_where_nothing_else_is_under_way(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    provider.settings_given = {"concurrency": 1}
    batch_id = await frozen(ledger, provider.settings(), 3)
    times: list[float] = []

    async def notes(_: web.Request) -> None:
        times.append(time.monotonic())

    async def refuses(request: web.Request) -> web.StreamResponse | None:
        times.append(time.monotonic())
        return await says(429, {"Retry-After": "2"})(request)

    provider.faults = [notes, refuses, notes, notes]
    outcome = await run_batch(ledger, batch_id, settings, open_account=provider.open_account)
    assert outcome.sent == 3
    longest = max(later - earlier for earlier, later in itertools.pairwise(times))
    assert 1.9 <= longest < 3.5


async def test_others_who_send_through_the_account_hear_of_a_wait_when_it_begins(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    provider.settings_given = {"concurrency": 1}
    batch_id = await frozen(ledger, provider.settings(), 2)
    provider.faults = [says(429, {"Retry-After": "3"})]
    sending = asyncio.create_task(run_batch(ledger, batch_id, settings, open_account=provider.open_account))
    try:
        while not provider.calls["create"]:
            await asyncio.sleep(0.02)
        await asyncio.sleep(1.0)
        async with ledger.read() as connection:
            next_us, at = (await connection.execute(select(turns.c.next_us, now_ms()))).one()
        assert next_us / 1000 - at > 500
    finally:
        await sending
