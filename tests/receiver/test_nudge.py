"""Prefect is told while something waits and nobody is at work, and only then."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from ledger import leases
from tests.receiver.stage import PrefectServer, body, receiving, until, variables

PAUSE = 0.4


async def test_a_delivery_is_announced_at_once_and_then_again_until_it_is_dealt_with(tmp_path: Path) -> None:
    async with PrefectServer().up() as prefect:
        env = variables(tmp_path, PREFECT_API_URL=prefect.api_url)
        async with receiving(tmp_path, env, nudge_seconds=PAUSE) as door:
            await asyncio.sleep(2 * PAUSE)
            assert prefect.events == []
            await door.deliver(body())
            await until(lambda: len(prefect.events) >= 1, PAUSE)
            await until(lambda: len(prefect.events) >= 3)
            door.sql("UPDATE inbox SET state = 'done'")
            await asyncio.sleep(PAUSE)
            told = len(prefect.events)
            await asyncio.sleep(3 * PAUSE)
            assert len(prefect.events) == told
            assert {event["event"] for event in prefect.events} == {"esign.inbox.ready"}
            assert {event["resource"]["prefect.resource.id"] for event in prefect.events} == {
                f"esign.inbox.{door.ledger.id}"
            }
            assert len({event["id"] for event in prefect.events}) == told
            assert all(set(event) == {"id", "occurred", "event", "resource"} for event in prefect.events)


async def test_a_burst_is_announced_no_more_often_than_once_a_pause(tmp_path: Path) -> None:
    async with PrefectServer().up() as prefect:
        env = variables(tmp_path, PREFECT_API_URL=prefect.api_url)
        async with receiving(tmp_path, env, nudge_seconds=PAUSE) as door:
            for number in range(60):
                await door.deliver(body(f"con-{number}"))
                await asyncio.sleep(0.02)
            await until(lambda: len(prefect.times) >= 3)
            assert all(later - earlier > 0.9 * PAUSE for earlier, later in pairwise(prefect.times))


async def test_nobody_is_told_while_the_drainer_lives_and_everybody_once_it_is_dead(tmp_path: Path) -> None:
    async with PrefectServer().up() as prefect:
        env = variables(tmp_path, PREFECT_API_URL=prefect.api_url)
        async with receiving(tmp_path, env, nudge_seconds=PAUSE) as door:
            assert await leases.acquire(door.ledger, "drain", "a drainer", 3)
            await door.deliver(body())
            await asyncio.sleep(3 * PAUSE)
            assert prefect.events == []
            await until(lambda: len(prefect.events) >= 2)  # it was never released: it ran out


async def test_an_outage_of_prefect_is_one_line_and_is_sat_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "receiver")
    prefect = PrefectServer()
    env = variables(tmp_path, PREFECT_API_URL=prefect.api_url)
    async with receiving(tmp_path, env, nudge_seconds=PAUSE) as door:
        assert (await door.deliver(body())).status_code == 200
        await asyncio.sleep(4 * PAUSE)
        async with prefect.up():
            await until(lambda: len(prefect.events) >= 1)
            prefect.status = 500
            await asyncio.sleep(3 * PAUSE)
            prefect.status = 0
            told = len(prefect.events)
            await until(lambda: len(prefect.events) > told)
            await until(lambda: len(lines(caplog)) == 4)
    assert lines(caplog) == [
        "The Prefect server does not answer (ConnectError); what arrives is stored and waits.",
        "The Prefect server answers again.",
        "The Prefect server does not answer (status 500); what arrives is stored and waits.",
        "The Prefect server answers again.",
    ]


async def test_an_outage_of_the_ledger_does_not_end_the_nudging(tmp_path: Path) -> None:
    async with PrefectServer().up() as prefect:
        env = variables(tmp_path, PREFECT_API_URL=prefect.api_url)
        async with receiving(tmp_path, env, nudge_seconds=PAUSE) as door:
            door.sql("ALTER TABLE inbox RENAME TO gone")
            await asyncio.sleep(2 * PAUSE)
            door.sql("ALTER TABLE gone RENAME TO inbox")
            await door.deliver(body())
            await until(lambda: len(prefect.events) >= 1)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "Prefect" in record.getMessage()]


@pytest.mark.parametrize("state", ["SCHEDULED", "PENDING"])
async def test_a_run_that_is_about_to_begin_is_nudge_enough(tmp_path: Path, state: str) -> None:
    async with PrefectServer(coming={state: 1}).up() as prefect:
        env = variables(tmp_path, PREFECT_API_URL=prefect.api_url)
        async with receiving(tmp_path, env, nudge_seconds=PAUSE) as door:
            await door.deliver(body())
            await asyncio.sleep(3 * PAUSE)
            assert prefect.events == []
            prefect.coming.clear()
            await until(lambda: len(prefect.events) >= 1)


async def test_a_run_that_is_planned_for_later_is_no_nudge(tmp_path: Path) -> None:
    async with PrefectServer(coming={"SCHEDULED": 1}, starts_in=timedelta(hours=1)).up() as prefect:
        env = variables(tmp_path, PREFECT_API_URL=prefect.api_url)
        async with receiving(tmp_path, env, nudge_seconds=PAUSE) as door:
            await door.deliver(body())
            await until(lambda: len(prefect.events) >= 1)
