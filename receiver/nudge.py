"""Tells Prefect that something waits in the ledger, as long as it waits and nobody is at work on it.

An event is a nudge, not a message: it carries nothing but the ledger's id. Prefect's own way to emit one drops it
silently when the server is down, so it is posted, and the answer is read.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx

from ledger import inbox, leases
from ledger.store import Ledger
from receiver.complaints import Outage

EVENT = "esign.inbox.ready"
LEASE = "drain"
DEPLOYMENT = "process-events"
SOON = timedelta(seconds=5)
"""A run somebody has scheduled for later than this is no help now."""
STARTING = timedelta(seconds=12)
"""How long a run handed to a worker may take to begin (6 to 10 s cold); a dead worker leaves it pending for ever."""


class Nudger:
    """Looks after each commit and every `pause` seconds, and nudges at most once in `pause` seconds.

    A run that waits for a worker, or is being started by one, is nudge enough: without a worker for an hour, a nudge
    every few seconds would leave hundreds of runs, each a process, for its return.
    """

    def __init__(self, ledger: Ledger, prefect: httpx.AsyncClient, pause: float, breath: float = 0.2) -> None:
        self._ledger = ledger
        self._prefect = prefect
        self._pause = pause
        self._breath = min(breath, pause)
        self._news = asyncio.Event()
        self._server = Outage("The Prefect server", "what arrives is stored and waits")
        self._store = Outage("The ledger", "nobody can be told what waits in it")

    def news(self) -> None:
        """Something was committed: look soon, without waiting for the next round."""
        self._news.set()

    async def run(self) -> None:
        while True:
            if await self._needed():
                if not await self._on_its_way():
                    await self._nudge()
                await asyncio.sleep(self._pause)
            else:
                # A busy receiver commits hundreds of times a second: between two looks there is a breath at least.
                await asyncio.sleep(self._breath)
                await self._until_news_or_pause()

    async def _until_news_or_pause(self) -> None:
        try:
            async with asyncio.timeout(self._pause):
                await self._news.wait()
        except TimeoutError:
            pass
        self._news.clear()

    async def _needed(self) -> bool:
        try:
            needed = not await leases.alive(self._ledger, LEASE) and await inbox.work_waiting(self._ledger)
        except Exception as problem:
            self._store.begins(type(problem).__name__)
            return False
        self._store.ends()
        return needed

    async def _on_its_way(self) -> bool:
        """Whether a run is about to begin; a server that cannot say so is nudged."""
        soon = (datetime.now(UTC) + SOON).isoformat()
        waiting = {"state": {"type": {"any_": ["SCHEDULED"]}}, "expected_start_time": {"before_": soon}}
        since = (datetime.now(UTC) - STARTING).isoformat()
        starting = {"state": {"type": {"any_": ["PENDING"]}}, "expected_start_time": {"after_": since}}
        try:
            for runs in (waiting, starting):
                asked = {"deployments": {"name": {"any_": [DEPLOYMENT]}}, "flow_runs": runs}
                answer = await self._prefect.post("/flow_runs/count", json=asked)
                if answer.is_success and answer.json() > 0:
                    return True
        except (httpx.HTTPError, ValueError, TypeError):
            return False
        return False

    async def _nudge(self) -> None:
        event = {
            "id": str(uuid4()),
            "occurred": datetime.now(UTC).isoformat(),
            "event": EVENT,
            "resource": {"prefect.resource.id": f"esign.inbox.{self._ledger.id}"},
        }
        try:
            answer = await self._prefect.post("/events", json=[event])
        except httpx.HTTPError as problem:
            self._server.begins(type(problem).__name__)
            return
        if answer.is_success:
            self._server.ends()
        else:
            self._server.begins(f"status {answer.status_code}")
