"""Many runs, some of them side by side."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.chaos import databases, disks
from tests.chaos.plan import plan
from tests.chaos.run import Result, Run


async def suite(seeds: Iterable[int], kept: Path, beside: int, tell: Callable[[Result], None]) -> list[Result]:
    """Carry out these seeds, `beside` of them at a time; what belongs to a failing one stays in `kept`/<seed>."""
    places = asyncio.Semaphore(beside)
    one_postgres = asyncio.Lock()  # it is restarted under whoever uses it, so one at a time, beside the others
    with tempfile.TemporaryDirectory() as made:
        template = await databases.sqlite_template(Path(made))

        async def one(seed: int) -> Result:
            planned = plan(seed, postgres=databases.POSTGRES is not None, disks=disks.can_mount())
            async with one_postgres if planned.postgres else places:
                result = await Run(planned, kept / str(seed), template).carry_out()
            tell(result)
            return result

        return await asyncio.gather(*(one(seed) for seed in seeds))
