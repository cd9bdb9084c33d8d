"""What the runs in the tests share: one migrated ledger to copy, and a folder that a failing seed's records stay in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from connectors.signing.esignatures import ESignatures
from tests.chaos import databases, disks
from tests.chaos.plan import Plan, plan
from tests.chaos.run import Result, Run

Carry = Callable[..., Awaitable[Result]]


@pytest.fixture
def carry_out(tmp_path: Path) -> Carry:
    """Carry out a seed, or a plan."""

    async def carry(what: int | Plan, client: type[ESignatures] = ESignatures, **limits: int) -> Result:
        if isinstance(what, int):
            what = plan(what, postgres=databases.POSTGRES is not None, disks=disks.can_mount(), **limits)
        template = await databases.sqlite_template(tmp_path)
        return await Run(what, tmp_path / str(what.seed), template, client).carry_out()

    return carry
