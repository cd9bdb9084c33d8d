"""Whatever happens to senders, provider and database: every row once, and no row's state a lie. More: `make chaos`."""

from __future__ import annotations

import asyncio

import pytest

from tests.chaos.conftest import Carry
from tests.chaos.databases import POSTGRES
from tests.chaos.disks import can_mount
from tests.chaos.plan import plan

QUICK = (14, 31, 36, 43)
"""A full disk, suspended senders, a lock, a list that lags, and kills in each."""
MORE = tuple(seed for seed in range(201, 221) if seed % 5)
ON_POSTGRES = (205, 210, 215, 220)


@pytest.mark.timeout(170)
async def test_every_row_is_sent_once_whatever_happens(carry_out: Carry) -> None:
    plans = [plan(seed, disks=can_mount(), most_rows=60) for seed in QUICK]
    results = await asyncio.gather(*map(carry_out, plans))
    assert {result.plan.seed: result.problems for result in results if result.problems} == {}
    assert all(result.kills for result in results)


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", MORE)
async def test_every_row_is_sent_once_on_many_more_seeds(carry_out: Carry, seed: int) -> None:
    assert (await carry_out(plan(seed, disks=can_mount()))).problems == [], f"seed {seed}"


@pytest.mark.postgres
@pytest.mark.timeout(240)
@pytest.mark.skipif(POSTGRES is None, reason="needs a Postgres (tests/postgres.sh)")
@pytest.mark.parametrize("seed", ON_POSTGRES)
async def test_every_row_is_sent_once_while_postgres_dies(carry_out: Carry, seed: int) -> None:
    planned = plan(seed, postgres=True)
    assert planned.postgres
    assert (await carry_out(planned)).problems == [], f"seed {seed}"
