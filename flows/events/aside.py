"""Keeps the sheet of a long batch up to date from a process of its own, for the process that sends it.

    python -m flows.events.aside

It reads two lines: what it is about as JSON, and, when nothing more is sent, any other. It writes what is due until
then, brings the sheet up to date, and answers one line. It ends when its input does, so it outlives nobody.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from asyncio import StreamReader, StreamReaderProtocol

from connectors.sheets.google.handing import hand_over
from flows.events.keeping import bring_up_to_date, keep_current
from ledger.store import Ledger

GENTLY = 10
"""Whoever sends, and whoever is talked to, comes first."""
SHARE = 2
"""A pause of so many times what a write-back took: it holds up nobody, and at the end there is little left to write."""
LAST_WORD = 10.0
"""Seconds in which a write-back under way ends once nobody waits for it."""


async def serve(lines: StreamReader) -> str | None:
    """Do what the first line asks for; the answer, or None if there is nobody who asks for one."""
    task = json.loads(await lines.readline())
    hand_over(task.get("google"))
    left: dict[str, tuple[int, ...]] = {}
    stop = asyncio.Event()
    async with await Ledger.open(task["url"]) as ledger:
        if ledger.id != task["ledger"]:
            return None
        keeping = asyncio.create_task(keep_current(ledger, left, stop, SHARE))
        told = await lines.readline()
        stop.set()
        await keeping
        return json.dumps({"problem": await bring_up_to_date(ledger, task["batch"], left)}) if told else None


async def _run() -> None:
    threading.Thread(target=_never_longer_than_the_other, args=(os.getppid(),), daemon=True).start()
    lines = StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: StreamReaderProtocol(lines), sys.stdin)
    if (answer := await serve(lines)) is not None:
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _never_longer_than_the_other(parent: int) -> None:
    """End for good soon after the process that started this one has: a write-back may hang in a network drive."""
    wait = threading.Event().wait
    while os.getppid() == parent:
        wait(1.0)
    wait(LAST_WORD)
    os._exit(0)


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(GENTLY)
    asyncio.run(_run())
