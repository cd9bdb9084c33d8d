"""What the runs in the tests share: one migrated ledger to copy, and a folder that a failing seed's records stay in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from connectors.signing.esignatures import ESignatures
from tests.chaos import databases
from tests.chaos.plan import Plan
from tests.chaos.run import Result, Run

Carry = Callable[..., Awaitable[Result]]


@pytest.fixture
def carry_out(tmp_path: Path) -> Carry:
    """Carry out a plan, also several at once."""
    making = asyncio.Lock()

    async def carry(plan: Plan, client: type[ESignatures] = ESignatures) -> Result:
        async with making:
            template = tmp_path / "template.db"
            if not template.exists():
                template = await databases.sqlite_template(tmp_path)
        return await Run(plan, tmp_path / f"{plan.seed}-{client.__name__}", template, client).carry_out()

    return carry
