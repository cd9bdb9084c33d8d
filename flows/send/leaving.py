"""Lets somebody who interrupts a sending leave although Prefect's server does not answer.

Our part of an interrupted run ends with its calls, and everything is in the ledger then. After that Prefect tells its
server that the run has ended, and where the server is gone it tries for more than a minute.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

PATIENCE_SECONDS = 0.8
"""How long Prefect may take to tell its server that a run was interrupted."""

T = TypeVar("T")

_over: ContextVar[asyncio.Event | None] = ContextVar("over", default=None)


@contextmanager
def our_part() -> Iterator[None]:
    """Around what a flow of ours does: at its end nothing is left but what Prefect does."""
    try:
        yield
    finally:
        if (over := _over.get()) is not None:
            over.set()


async def leaving_in_time(run: Awaitable[T]) -> T:
    """What `run`, a flow with an `our_part`, answers; interrupted, it is left soon after our part of it has ended."""
    over = asyncio.Event()
    token = _over.set(over)
    running = asyncio.ensure_future(run)
    _over.reset(token)  # the task has a copy of the context
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        running.cancel()
        ending = asyncio.create_task(over.wait())
        await asyncio.wait({running, ending}, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        await asyncio.wait({running}, timeout=PATIENCE_SECONDS)
        if running.done() and not running.cancelled():
            running.exception()  # that its server is gone is nobody's concern now
        raise
