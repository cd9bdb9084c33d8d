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
from receiver.figures import Figures

GROUP = 500
"""Deliveries in one transaction, at most."""
MOST_WAITING = 2000
MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Waiting:
    delivery: Delivery
    until: float
    stored: asyncio.Future[bool]
    """Whether it is new; `NotStored` if it is not in the ledger."""


class Committer:
    """Stores deliveries in groups. `put` returns only once the delivery is committed; `run` does the writing."""

    def __init__(self, ledger: Ledger, on_commit: Callable[[], None], figures: Figures, patience: float) -> None:
        self._ledger = ledger
        self._on_commit = on_commit
        self._figures = figures
        self._patience = patience
        self._queue: deque[_Waiting] = deque()
        self._unanswered: deque[_Waiting] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._bytes = 0
        self._bell = asyncio.Event()
        self._closing = False
        self._outage = Outage("The ledger", "webhooks are answered with 503 until it does")
        self._complaints = Complaints()

    async def put(self, delivery: Delivery) -> bool:
        """Wait until the delivery is committed; False if it was before. Raises `NotStored`."""
        if len(self._queue) >= MOST_WAITING or self._bytes + len(delivery.body) > MOST_BYTES:
            self._complaints.add("Too many webhooks wait to be stored; the sender was asked to try again")
            raise NotStored
        loop = asyncio.get_running_loop()
        waiting = _Waiting(delivery, loop.time() + self._patience, loop.create_future())
        self._queue.append(waiting)
        self._unanswered.append(waiting)
        if self._timer is None:
            self._timer = loop.call_at(waiting.until, self._lose_patience)
        self._bytes += len(delivery.body)
        self._bell.set()
        return await waiting.stored

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
        if self._timer is not None:
            self._timer.cancel()

    async def _store(self, group: list[_Waiting]) -> None:
        new: list[bool] = []
        try:
            # what a provider cannot sign is a hint; the door has said which is which
            new = await inbox.put(self._ledger, [waiting.delivery for waiting in group], hints=True)
        except LedgerUnavailable as problem:
            self._outage.begins(type(problem).__name__)
        except Exception as problem:
            if len(group) > 1:  # one that cannot be stored must not take its neighbours with it
                for waiting in group:
                    await self._store([waiting])
                return
            self._complaints.add(f"A webhook could not be stored: {type(problem).__name__}")
        if new:
            self._outage.ends()
            self._figures.committed(len(group))
            self._on_commit()
        for place, waiting in enumerate(group):
            if waiting.stored.done():
                continue
            if new:
                waiting.stored.set_result(new[place])
            else:
                waiting.stored.set_exception(NotStored())
        while self._unanswered and self._unanswered[0].stored.done():
            self._unanswered.popleft()

    def _lose_patience(self) -> None:
        """Tell those that have waited too long; what they wait for may be stored all the same, and its repeat is one.

        One timer for all: they stand in the order in which they came.
        """
        loop = asyncio.get_running_loop()
        while self._unanswered and (self._unanswered[0].stored.done() or self._unanswered[0].until <= loop.time()):
            waiting = self._unanswered.popleft()
            if not waiting.stored.done():
                self._outage.begins("no answer in time")
                waiting.stored.set_exception(NotStored())
        first = self._unanswered[0].until if self._unanswered else None
        self._timer = None if first is None else loop.call_at(first, self._lose_patience)
