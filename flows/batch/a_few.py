"""Works through many things, a few at once; the first error ends it once the calls under way have ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from connectors.signing.errors import TransientError

T = TypeVar("T")
AT_ONCE = 5
WAITS = (1.0, 2.0, 4.0, 8.0)
"""Seconds before a call in which nothing happened is made again, unless the provider says how long to wait."""
LONGEST_WAIT = 60.0


async def a_few_at_once(things: Iterable[T], work: Callable[[T], Awaitable[None]], most: int = AT_ONCE) -> None:
    """Do `work` with each thing. After an error nothing more is begun; it is raised when the others are through."""
    left = iter(things)
    errors: list[Exception] = []

    async def one_after_another() -> None:
        for thing in left:
            if errors:
                return
            try:
                await work(thing)
            except Exception as error:
                errors.append(error)

    await asyncio.gather(*(one_after_another() for _ in range(most)))
    if errors:
        raise errors[0]


async def patiently(call: Callable[[], Awaitable[T]]) -> T:
    """Make a call again while nothing happens by it. Raises the `TransientError` when that goes on for too long."""
    for wait in WAITS:
        try:
            return await call()
        except TransientError as error:
            await asyncio.sleep(min(LONGEST_WAIT, wait if error.retry_after is None else error.retry_after))
    return await call()
