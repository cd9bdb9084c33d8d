"""Archives what is due, several at the same time: a download that dawdles keeps one place from the others, no more."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Self

from ledger.outbox import Effect

PLACES = 8
LOOK_EVERY = 0.25
"""Seconds between looks for documents that have become due while others are being fetched."""

Due = Callable[[int], Awaitable[list[Effect]]]
"""The effects that are due, the longest waiting first, at most so many."""
Keep = Callable[[Effect], Awaitable[bool]]
"""Archives one; whether it is kept now."""


class Places:
    """Eight places, each with one document under way; open between `async with`, whose end calls off what is left."""

    def __init__(self, due: Due, keep: Keep) -> None:
        self._due = due
        self._keep = keep
        self._queue: deque[Effect] = deque()
        self._under_way: dict[asyncio.Task[bool], int] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def go_on(self) -> int:
        """Go on until something is kept, or nothing is left; how many have been kept since the last time.

        Raises what archiving one of them raised; the others go on.
        """
        kept = 0
        while not kept:
            await self._fill()
            if not self._under_way:
                return 0
            ended, _ = await asyncio.wait(self._under_way, timeout=LOOK_EVERY, return_when=asyncio.FIRST_COMPLETED)
            kept = self._take_out(ended)
        return kept

    async def _fill(self) -> None:
        free = PLACES - len(self._under_way)
        if free > 0 and not self._queue:
            busy = set(self._under_way.values())
            found = await self._due(PLACES * 4 + len(busy))
            self._queue.extend(effect for effect in found if effect.id not in busy)
        for _ in range(min(free, len(self._queue))):
            effect = self._queue.popleft()
            self._under_way[asyncio.create_task(self._keep(effect))] = effect.id

    def _take_out(self, ended: Iterable[asyncio.Task[bool]]) -> int:
        for task in ended:
            del self._under_way[task]
        return sum(task.result() for task in ended)
