"""Whatever happens to senders, provider and database: every row once, and no row's state a lie. More: `make chaos`."""

from __future__ import annotations

import pytest

from tests.chaos.conftest import Carry
from tests.chaos.databases import POSTGRES

QUICK = (14, 31, 36, 58)
MORE = tuple(seed for seed in range(201, 219) if seed % 5)
ON_POSTGRES = (205, 210, 215)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", QUICK)
async def test_every_row_is_sent_once_whatever_happens(carry_out: Carry, seed: int) -> None:
    result = await carry_out(seed, most_rows=60)
    assert result.problems == [], f"seed {seed}"
    assert result.kills > 0


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", MORE)
async def test_every_row_is_sent_once_on_many_more_seeds(carry_out: Carry, seed: int) -> None:
    result = await carry_out(seed)
    assert result.problems == [], f"seed {seed}"


@pytest.mark.postgres
@pytest.mark.timeout(240)
@pytest.mark.skipif(POSTGRES is None, reason="needs a Postgres (tests/postgres.sh)")
@pytest.mark.parametrize("seed", ON_POSTGRES)
async def test_every_row_is_sent_once_while_postgres_dies(carry_out: Carry, seed: int) -> None:
    result = await carry_out(seed)
    assert result.plan.postgres
    assert result.problems == [], f"seed {seed}"
