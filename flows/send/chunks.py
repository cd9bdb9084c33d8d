"""Runs each chunk of a batch as a task, so that Prefect shows how far it is; the rows themselves stay in the ledger."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from prefect import task

from flows.edges import MANNERS, edge
from flows.send.job import Chunk


def in_task(batch_id: str) -> Chunk:
    """A task a chunk, named after its number."""

    async def chunk(number: int, work: Callable[[], Awaitable[int]]) -> int:
        @task(name="send-rows", task_run_name=f"rows-{number}", **MANNERS)
        @edge
        async def send_rows(batch: str, chunk: int) -> int:
            return await work()

        return await send_rows(batch_id, number)

    return chunk
