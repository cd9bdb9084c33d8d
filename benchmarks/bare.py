"""The limit: a bare asyncio loop on aiohttp that remembers nothing.

python -m benchmarks.bare URL ROWS IN_FLIGHT
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import aiohttp

from benchmarks.measuring import Meter, tell
from benchmarks.rows import body


async def bare(url: str, rows: int, in_flight: int) -> dict[str, Any]:
    """So many workers take number after number."""
    numbers = iter(range(rows))
    connector = aiohttp.TCPConnector(limit=in_flight)
    async with aiohttp.ClientSession(connector=connector, headers={"Authorization": "Basic dG9rZW46"}) as session:

        async def work() -> None:
            for number in numbers:
                async with session.post(f"{url}/contracts", json=body(number)) as answer:
                    answer.raise_for_status()
                    await answer.json()

        meter = Meter()
        await asyncio.gather(*(work() for _ in range(in_flight)))
        return meter.read(rows)


if __name__ == "__main__":
    tell(lambda: bare(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
