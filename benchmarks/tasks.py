"""A Prefect task for each row, in the two ways people write it: `.submit`, and `gather` of awaited tasks.

python -m benchmarks.tasks submit|gather URL ROWS IN_FLIGHT        (PREFECT_API_URL names a running server)
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import aiohttp
from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner

from benchmarks.measuring import Meter, tell
from benchmarks.rows import body


@task(persist_result=False)
async def send_row(url: str, number: int) -> int:
    """Call the provider for one row; a connection of its own where the task runs on a thread of its own."""
    async with aiohttp.ClientSession() as session, session.post(f"{url}/contracts", json=body(number)) as answer:
        return answer.status


async def submitted(url: str, rows: int, in_flight: int) -> dict[str, Any]:
    """`send_row.submit(...)` for each row."""

    @flow(name="one-task-a-row", task_runner=ThreadPoolTaskRunner(max_workers=in_flight), log_prints=False)
    async def send_all() -> None:
        for future in [send_row.submit(url, number) for number in range(rows)]:
            future.result()

    meter = Meter()
    await send_all()
    return meter.read(rows)


async def gathered(url: str, rows: int, in_flight: int) -> dict[str, Any]:
    """`await asyncio.gather(...)` of so many tasks at a time."""

    @flow(name="gather-of-tasks", log_prints=False)
    async def send_all() -> None:
        for start in range(0, rows, in_flight):
            await asyncio.gather(*(send_row(url, number) for number in range(start, min(rows, start + in_flight))))

    meter = Meter()
    await send_all()
    return meter.read(rows)


if __name__ == "__main__":
    way = {"submit": submitted, "gather": gathered}[sys.argv[1]]
    tell(lambda: way(sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
