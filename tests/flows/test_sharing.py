"""Several workers send one batch: each row once, and no faster together than the account allows."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from flows.send.job import CannotSend, run_batch
from flows.send.progress import Outcome
from flows.send.sharing import may_be_shared, refuse_sharing_a_file, take_share, while_shared
from ledger import batches, sending
from ledger.settings import Settings, read_settings
from ledger.states import RequestState
from ledger.store import Ledger
from tests.flows.drafts import frozen
from tests.flows.fake_provider import FakeProvider, says

POSTGRES = os.environ.get("ESIGN_TEST_POSTGRES_URL")


class Watched(FakeProvider):
    """Remembers when each call came."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    async def _create(self, request: web.Request) -> web.StreamResponse:
        self.times.append(time.monotonic())
        return await super()._create(request)


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    async with Watched() as fake:
        yield fake


@pytest.fixture(params=["sqlite", *([pytest.param("postgres", marks=pytest.mark.postgres)] if POSTGRES else [])])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """Where a ledger of the test's own is, on either database."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}"
        return
    name = f"shared_{uuid.uuid4().hex[:12]}"
    await _administer(f"CREATE DATABASE {name}")
    yield make_url(POSTGRES or "").set(database=name).render_as_string(hide_password=False)
    await _administer(f"DROP DATABASE {name} WITH (FORCE)")


async def _administer(statement: str) -> None:
    engine = create_async_engine(POSTGRES or "", isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


async def both(place: str, settings: Settings, provider: FakeProvider, rows: int) -> tuple[Outcome, int]:
    """A main run and one that takes a share, each with a ledger connection of its own; how each ended."""
    async with await Ledger.open(place) as ledger, await Ledger.open(place) as other:
        # One that is known to be accepted first, so that nobody sends a row alone.
        first = await frozen(ledger, provider.settings(), 1, first=900)
        await run_batch(ledger, first, settings, open_account=provider.open_account)
        batch_id = await frozen(ledger, provider.settings(), rows)
        shares: list[asyncio.Task[Any]] = []

        async def start() -> None:
            sharing = take_share(other, batch_id, settings, open_account=provider.open_account)
            shares.append(asyncio.create_task(sharing))

        async def send() -> Outcome:
            return await run_batch(ledger, batch_id, settings, open_account=provider.open_account)

        outcome = await while_shared(ledger, batch_id, send, start)
        (share,) = await asyncio.gather(*shares)
        found = await batches.batch(ledger, batch_id)
        assert found is not None and found.state == "done"
        return outcome, share.sent


async def test_two_share_a_batch_and_every_row_goes_out_once_within_the_accounts_rate(
    place: str, settings: Settings, watched: Watched
) -> None:
    rate, rows = 40.0, 200
    watched.delay = 0.05
    watched.settings_given = {"rate": rate}
    outcome, taken = await both(place, settings, watched, rows)
    assert outcome.sent + taken == rows
    assert outcome.sent > 0 and taken > 0
    assert len(set(watched.refs)) == len(watched.refs) == rows + 1
    times = watched.times[1:]
    assert (rows - 1) / (times[-1] - times[0]) <= rate * 1.1
    for start, end in itertools.pairwise([0, 100, 199]):  # a busy machine makes up for half a second of turns at once
        assert (end - start) / (times[end] - times[start]) <= rate * 1.35


@pytest.mark.slow
async def test_what_one_is_told_to_wait_the_other_waits_too(place: str, settings: Settings, watched: Watched) -> None:
    watched.delay = 0.02
    watched.settings_given = {"rate": 50.0}
    watched.faults = [*[_fine] * 30, says(429, {"Retry-After": "3"})]
    outcome, taken = await both(place, settings, watched, 100)
    assert outcome.sent + taken == 100
    longest = max(later - earlier for earlier, later in itertools.pairwise(watched.times))
    assert longest > 1.8  # rows that were claimed before the wait was known may still go out


async def test_nobody_takes_a_share_of_a_batch_that_nobody_sends(
    settings: Settings, ledger: Ledger, watched: Watched
) -> None:
    batch_id = await frozen(ledger, watched.settings(), 3)
    tally = await take_share(ledger, batch_id, settings, open_account=watched.open_account)
    assert (tally.sent, watched.contracts) == (0, [])


async def test_who_takes_a_share_leaves_when_the_main_run_has_ended(
    place: str, settings: Settings, watched: Watched
) -> None:
    watched.settings_given = {"rate": 20.0}
    async with await Ledger.open(place) as ledger, await Ledger.open(place) as other:
        batch_id = await frozen(ledger, watched.settings(), 400)
        shares: list[asyncio.Task[Any]] = []

        async def start() -> None:
            sharing = take_share(other, batch_id, settings, open_account=watched.open_account)
            shares.append(asyncio.create_task(sharing))

        async def stopped_soon() -> None:
            while not watched.contracts:
                await asyncio.sleep(0.05)

        await while_shared(ledger, batch_id, stopped_soon, start)
        (share,) = await asyncio.gather(*shares)
        counts = await batches.counts(ledger, batch_id)
        assert 0 < share.sent == len(watched.contracts) < 200
        assert (counts.get(RequestState.SENT), counts.get(RequestState.PLANNED)) == (share.sent, 400 - share.sent)


async def test_a_part_of_a_batch_is_not_shared_nor_a_live_one_with_rows_in_doubt(
    ledger: Ledger, watched: Watched
) -> None:
    shared = {}
    for mode, first in (("test", 1), ("live", 100)):
        batch_id = await frozen(ledger, watched.settings(mode=mode), 3, first=first)
        batch = await batches.batch(ledger, batch_id)
        assert batch is not None
        assert await may_be_shared(ledger, batch, None, None)
        assert not await may_be_shared(ledger, batch, None, 2)
        assert not await may_be_shared(ledger, batch, [2], None)
        await sending.claim(ledger, batch_id, "a process that was killed", 1, 60)
        shared[mode] = await may_be_shared(ledger, batch, None, None)
    assert shared == {"test": True, "live": False}


def test_a_ledger_in_a_file_is_not_shared(tmp_path: Path) -> None:
    with pytest.raises(CannotSend, match="ESIGN_LEDGER_URL"):
        refuse_sharing_a_file(read_settings({"ESIGN_HOME": str(tmp_path)}))
    refuse_sharing_a_file(
        read_settings({"ESIGN_HOME": str(tmp_path), "ESIGN_LEDGER_URL": "postgresql+asyncpg://somebody@db/ledger"})
    )


async def _fine(request: object) -> None:
    """No fault."""
