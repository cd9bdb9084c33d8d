"""Makes the PDFs: when the last party has signed, and when a preview is asked for, in processes of their own."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from sandbox.chores import Chores
from sandbox.files import Files
from sandbox.paper import NotFound, Paper
from sandbox.producing import begin, produce, ready

RETRY_SECONDS = 5.0

_log = logging.getLogger(__name__)


class Finisher:
    """Rendering and sealing cost a tenth of a second of a processor, too long for the event loop. What was pending
    when the sandbox stopped is taken up at the next start."""

    def __init__(self, chores: Chores, files: Files, home: Path) -> None:
        self._chores = chores
        self._files = files
        self._under_way: set[str] = set()
        self._home = home
        self._pool = self._new_pool()

    async def run(self) -> None:
        """Works until it is cancelled."""
        self._chores.unfinished.set()
        self._pool.submit(ready)  # The first process takes a second to start; nobody should wait for it later.
        async with asyncio.TaskGroup() as group:
            while True:
                await self._chores.unfinished.wait()
                self._chores.unfinished.clear()
                for contract_id in await self._chores.pending():
                    if contract_id not in self._under_way:
                        self._under_way.add(contract_id)
                        group.create_task(self._finish(contract_id))

    def stop(self) -> None:
        """Begins nothing more and waits for nothing; what was under way is begun again at the next start.

        The processes are never terminated, as one killed while handing over its result leaves the reader waiting for
        ever. They end with their queue, or with this process.
        """
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _finish(self, contract_id: str) -> None:
        try:
            contract = await self._chores.contract(contract_id)
            if contract is None:
                return
            if contract.preview_wanted:
                await self._make(contract.paper(self._chores.clock.now()), f"{contract_id}-preview")
                await self._chores.previewed(contract_id)
            if contract.state == "signed" and contract.finished_at is None:
                await self._make(contract.paper(self._chores.clock.now()), contract_id)
                await self._chores.complete(contract_id)
        except NotFound:
            _log.info("A contract was deleted before its PDF was made.")
        except Exception as problem:
            _log.exception("A PDF could not be made; trying again.")
            if isinstance(problem, BrokenProcessPool):
                self._pool = self._new_pool()
            await asyncio.sleep(RETRY_SECONDS)
            self._chores.unfinished.set()
        finally:
            self._under_way.discard(contract_id)

    def _new_pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            max_workers=min(4, os.cpu_count() or 1),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=begin,
            initargs=(self._home,),
        )

    async def _make(self, paper: Paper, name: str) -> None:
        upload = await asyncio.to_thread(self._files.read, paper.upload) if paper.upload else None
        pdf = await asyncio.get_running_loop().run_in_executor(self._pool, produce, paper, upload or b"")
        await asyncio.to_thread(self._files.put, name, pdf)
