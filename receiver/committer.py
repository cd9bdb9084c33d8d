"""Group commit: everything that waits while the ledger writes goes into the next transaction together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ledger import inbox
from ledger.errors import LedgerUnavailable
from ledger.inbox import Delivery
from ledger.store import Ledger
from receiver.complaints import Complaints, Outage
from receiver.errors import NotStored

GROUP = 500
"""Deliveries in one transaction, at most."""
MOST_WAITING = 2000
MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class _Waiting:
    delivery: Delivery
    stored: asyncio.Future[bool]


class Committer:
    """Stores deliveries in groups. `put` returns only once the delivery is committed; `run` does the writing."""

    def __init__(self, ledger: Ledger, on_commit: Callable[[], None], patience: float) -> None:
        self._ledger = ledger
        self._on_commit = on_commit
        self._patience = patience
        self._queue: deque[_Waiting] = deque()
        self._bytes = 0
        self._bell = asyncio.Event()
        self._closing = False
        self._outage = Outage("The ledger", "webhooks are answered with 503 until it does")
        self._complaints = Complaints()

    async def put(self, delivery: Delivery) -> None:
        """Wait until the delivery is committed, now or before. Raises `NotStored`."""
        if len(self._queue) >= MOST_WAITING or self._bytes + len(delivery.body) > MOST_BYTES:
            self._complaints.add("Too many webhooks wait to be stored; the sender was asked to try again")
            raise NotStored
        waiting = _Waiting(delivery, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._bytes += len(delivery.body)
        self._bell.set()
        try:
            async with asyncio.timeout(self._patience):
                stored = await asyncio.shield(waiting.stored)
        except TimeoutError:
            self._outage.begins("no answer in time")
            raise NotStored from None
        if not stored:
            raise NotStored

    async def run(self) -> None:
        """Write whatever waits, group after group, until `finish`."""
        while self._queue or not self._closing:
            if not self._queue:
                self._bell.clear()
                await self._bell.wait()
                continue
            group = [self._queue.popleft() for _ in range(min(GROUP, len(self._queue)))]
            self._bytes -= sum(len(waiting.delivery.body) for waiting in group)
            await self._store(group)

    async def finish(self, task: asyncio.Task[None], seconds: float) -> None:
        """Let `task`, which runs `run`, commit what was accepted, and end it."""
        self._closing = True
        self._bell.set()
        await asyncio.wait([task], timeout=seconds)
        task.cancel()

    async def _store(self, group: list[_Waiting]) -> None:
        stored = False
        try:
            # what a provider cannot sign is a hint; the door has said which is which
            await inbox.put(self._ledger, [waiting.delivery for waiting in group], hints=True)
            stored = True
        except LedgerUnavailable as problem:
            self._outage.begins(type(problem).__name__)
        except Exception as problem:
            if len(group) > 1:  # one that cannot be stored must not take its neighbours with it
                for waiting in group:
                    await self._store([waiting])
                return
            self._complaints.add(f"A webhook could not be stored: {type(problem).__name__}")
        if stored:
            self._outage.ends()
            self._on_commit()
        for waiting in group:
            if not waiting.stored.done():
                waiting.stored.set_result(stored)
