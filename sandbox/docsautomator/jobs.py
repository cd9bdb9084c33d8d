"""The queue behind `async: true`: so many documents at a time, and so many more that may wait."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from sandbox import ids
from sandbox.docsautomator.automations import Automations
from sandbox.docsautomator.generating import checked, generate
from sandbox.docsautomator.moments import stamp
from sandbox.docsautomator.requests import NewDocument
from sandbox.engine import Engine, NotFound, Refused

_KIND = "job"
_PROGRESS = {"queued": 10, "fetching data": 20, "generating": 40, "complete": 100}
"""Progress as the job status page counts it; its 30, for processing the template, is passed over."""

_log = logging.getLogger(__name__)


class QueueFull(Exception):
    """There is no room for another job."""


class Jobs:
    """Jobs are kept, so that those that were under way when the sandbox stopped go on with its next request. Each
    stays for `pace_seconds` at least waiting, and then active."""

    def __init__(
        self, engine: Engine, automations: Automations, *, active: int, queued: int, pace_seconds: float
    ) -> None:
        self._engine = engine
        self._automations = automations
        self._places = asyncio.Semaphore(active)
        self._most_queued = queued
        self._pace = pace_seconds
        self._queued = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._known: set[str] = set()
        self._resumed = False

    async def resume(self) -> None:
        """Takes up what was left when the sandbox last stopped. There is nothing that would call it at the start."""
        if self._resumed:
            return
        self._resumed = True
        for job in (await self._engine.notes(_KIND)).values():
            if job["status"] in ("waiting", "active") and job["jobId"] not in self._known:
                self._begin(job)

    async def start(self, wanted: NewDocument) -> dict[str, Any]:
        """A new job; raises QueueFull."""
        if self._queued >= self._most_queued:
            raise QueueFull
        job: dict[str, Any] = {
            "jobId": f"job_{ids.hexadecimal(24)}",
            "logId": f"log_{ids.hexadecimal(24)}",
            "status": "waiting",
            "progress": _PROGRESS["queued"],
            "createdAt": stamp(self._engine.clock.now()),
            "attempts": 0,
            "document": ids.hexadecimal(24),
            "request": wanted.model_dump(by_alias=True, exclude_unset=True),
        }
        self._begin(job)
        await self._keep(job)
        return job

    async def find(self, job_id: str) -> dict[str, Any] | None:
        """None where there is no such job."""
        found: dict[str, Any] | None = await self._engine.noted(_KIND, job_id)
        return found

    async def counts(self) -> dict[str, int]:
        """How many jobs there are in each state; none is ever delayed here."""
        states = [job["status"] for job in (await self._engine.notes(_KIND)).values()]
        return {state: states.count(state) for state in ("waiting", "active", "completed", "failed", "delayed")}

    def _begin(self, job: dict[str, Any]) -> None:
        self._known.add(job["jobId"])
        self._queued += 1
        task = asyncio.create_task(self._run(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, job: dict[str, Any]) -> None:
        try:
            await asyncio.sleep(self._pace)
            await self._places.acquire()
        finally:
            self._queued -= 1
        try:
            await self._work(job)
        except Exception:  # The sandbox is stopping, or something is wrong with it; the next start tries again.
            _log.info("A job was left unfinished.", exc_info=True)
        finally:
            self._places.release()

    async def _work(self, job: dict[str, Any]) -> None:
        begun = {"status": "active", "processedOn": stamp(self._engine.clock.now()), "attempts": job["attempts"] + 1}
        await self._keep(job | begun | {"progress": _PROGRESS["fetching data"]})
        await asyncio.sleep(self._pace)
        await self._keep(job | begun | {"progress": _PROGRESS["generating"]})
        wanted = NewDocument.model_validate(job["request"])
        done: dict[str, Any] = {"status": "completed", "progress": _PROGRESS["complete"]}
        try:
            automation = await checked(self._automations, wanted)
            await generate(self._engine, automation, wanted, job["document"])
        except (Refused, NotFound) as problem:
            done = {"status": "failed", "progress": _PROGRESS["generating"], "error": str(problem)}
        await self._keep(job | begun | done | {"finishedOn": stamp(self._engine.clock.now())})

    async def _keep(self, job: dict[str, Any]) -> None:
        await self._engine.note(_KIND, job["jobId"], job)
