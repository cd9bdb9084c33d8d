"""Shows in the sheet how a batch goes while it is sent: here if it is short, else from a process of its own.

A row costs the sheet a tenth of what it costs to send. Done here, most of that would be added to the sending.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from connectors.sheets.google.handing import handed_over
from flows.events.keeping import bring_up_to_date, keep_current
from ledger.store import Ledger

FEW = 2000
"""For no more rows than this, starting a process takes longer than showing them from here."""
PATIENCE, LAST_WORD = 120.0, 2.0
"""Seconds in which the other process has to say that the sheet is up to date, and then to end."""

LEAN = {"MALLOC_MMAP_THRESHOLD_": "1000000"}
"""Has glibc give back what a long sheet took; left to itself it keeps it. Others do not read this."""

Finish = Callable[[], Awaitable[str | None]]
"""Brings the sheet up to date for good; the sentence that says why not, if so."""


@asynccontextmanager
async def showing(ledger: Ledger, url: str, batch_id: str, rows: int) -> AsyncIterator[Finish]:
    """Keep the sheet up to date while this batch is sent, of which there are so many `rows` to send.

    `url` is where the ledger is. Whatever becomes of the other process, the sending goes on, and the sheet is brought
    up to date here.
    """
    if rows <= FEW or os.name == "nt":
        async with _here(ledger, batch_id) as finish:
            yield finish
        return
    async with _aside(ledger, url, batch_id) as other:

        async def finish_there_or_here() -> str | None:
            answer = await _answer(other)
            return answer["problem"] if answer else await bring_up_to_date(ledger, batch_id, {})

        yield finish_there_or_here


@asynccontextmanager
async def _here(ledger: Ledger, batch_id: str) -> AsyncIterator[Finish]:
    left: dict[str, tuple[int, ...]] = {}
    stop = asyncio.Event()
    keeping = asyncio.create_task(keep_current(ledger, left, stop))

    async def end() -> None:
        stop.set()
        await asyncio.gather(keeping, return_exceptions=True)

    async def finish() -> str | None:
        await end()
        return await bring_up_to_date(ledger, batch_id, left)

    try:
        yield finish
    finally:
        await end()


@asynccontextmanager
async def _aside(ledger: Ledger, url: str, batch_id: str) -> AsyncIterator[Process | None]:
    """The other process, told what it is about; None if it cannot be started."""
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "flows.events.aside"),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,  # a traceback could name somebody
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | LEAN,
            start_new_session=True,  # Ctrl-C on a terminal reaches whoever belongs to it; this one is told when to end
        )
    except OSError:
        yield None
        return
    try:
        # This process has Prefect, where the account may be saved; the other has not.
        await _say(process, {"url": url, "ledger": ledger.id, "batch": batch_id, "google": handed_over()})
        yield process
    finally:
        await _end(process)


async def _end(process: Process) -> None:
    """Let it end what it is at, which the end of its input has it do, and else have it ended."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(LAST_WORD):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        with suppress(ProcessLookupError):
            process.kill()


async def _answer(process: Process | None) -> dict[str, str | None] | None:
    """What the other process says once it is told that nothing more is sent; None if it has nothing to say."""
    if process is None or process.stdout is None:
        return None
    with suppress(TimeoutError, ValueError):
        async with asyncio.timeout(PATIENCE):
            await _say(process, "that was all")
            said = json.loads(await process.stdout.readline())
            return said if isinstance(said, dict) else None
    return None


async def _say(process: Process, what: object) -> None:
    """Give it one line; if it has died, that is found out when it does not answer."""
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.write(json.dumps(what).encode() + b"\n")
            await process.stdin.drain()
