"""Delivers webhooks: each contract's in the order they happened, the failed ones again when the dialect says so."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace

import httpx

from sandbox.clock import Clock
from sandbox.dialect import Dialect
from sandbox.store import Delivery, Store

AT_ONCE = 16


class Deliverer:
    """Calls wait in lines, one a contract, so that a slow or failing receiver holds up nobody else. What is under way
    when the sandbox stops is still `waiting` in the store and goes out again. `timeout_seconds` stands in for the
    dialects' own."""

    def __init__(
        self, store: Store, clock: Clock, dialects: Mapping[str, Dialect], timeout_seconds: float | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._dialects = dialects
        self._timeout = timeout_seconds
        self._lines: dict[str, deque[Delivery]] = {}
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: set[asyncio.TimerHandle] = set()
        self._client: httpx.AsyncClient | None = None

    async def start(self) -> None:
        """Takes up what was waiting when the sandbox last stopped."""
        # Calls to this machine never go through a proxy; others may have to.
        direct = dict.fromkeys(("all://127.0.0.1", "all://localhost", "all://[::1]"))
        self._client = httpx.AsyncClient(timeout=None, follow_redirects=False, mounts=direct)  # noqa: S113 (below)
        for delivery in await self._store.run(lambda tables: tables.deliveries(waiting_only=True)):
            self._schedule(delivery)

    async def stop(self) -> None:
        """Lets go of everything at once."""
        for timer in self._timers:
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    def announce(self, deliveries: Iterable[Delivery]) -> None:
        """Puts new calls into their lines."""
        for delivery in deliveries:
            self._line_up(delivery)

    def _schedule(self, delivery: Delivery) -> None:
        seconds = delivery.due - self._clock.now().timestamp()
        if seconds <= 0:
            self._line_up(delivery)
            return

        def due() -> None:
            self._timers.discard(timer)
            self._line_up(delivery)

        timer = asyncio.get_running_loop().call_later(seconds, due)
        self._timers.add(timer)

    def _line_up(self, delivery: Delivery) -> None:
        line = self._lines.get(delivery.contract_id)
        if line is not None:
            line.append(delivery)
            return
        self._lines[delivery.contract_id] = deque([delivery])
        task = asyncio.create_task(self._work_off(delivery.contract_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work_off(self, contract_id: str) -> None:
        line = self._lines[contract_id]
        while line:
            delivery = line.popleft()
            async with self._at_once:
                answer, good = await self._call(delivery)
            tried = self._judge(delivery, answer, good)
            await self._store.run(lambda tables, tried=tried: tables.tried(tried))  # type: ignore[misc]
            if tried.state == "waiting":
                self._schedule(tried)
        del self._lines[contract_id]

    async def _call(self, delivery: Delivery) -> tuple[str, bool]:
        assert self._client is not None
        dialect = self._dialects[delivery.dialect]
        headers = {"Content-Type": "application/json", **dialect.headers(delivery.body)}
        try:
            async with asyncio.timeout(self._timeout or dialect.timeout_seconds):
                response = await self._client.post(delivery.url, content=delivery.body, headers=headers)
        except Exception as problem:  # Whatever is wrong with an address must not end the line behind it.
            return type(problem).__name__, False
        return str(response.status_code), dialect.accepted(response.status_code)

    def _judge(self, delivery: Delivery, answer: str, good: bool) -> Delivery:
        waits = self._dialects[delivery.dialect].retry_hours[delivery.tries :]
        state = "delivered" if good else "waiting" if waits else "lost"
        due = (self._clock.now() + self._clock.hours(waits[0] if waits else 0)).timestamp()
        return replace(delivery, tries=delivery.tries + 1, state=state, answer=answer, due=due)
