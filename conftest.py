"""What holds for all tests, those of the example in docs too: a slow machine is no reason to fail a property."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from ledger.store import Ledger
from tests.examples import EXPLORING, examples

settings.register_profile(
    "ours",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=examples(100),
    derandomize=not EXPLORING,
)
settings.load_profile("ours")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One migrated ledger, to be copied: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("template") / "ledger.db"

    async def make() -> None:
        await (await Ledger.open(f"sqlite+aiosqlite:///{path}")).close()

    asyncio.run(make())
    return path
