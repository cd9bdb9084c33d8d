"""Does something only while a lease of the ledger is held, and stops at once when it is lost."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import uuid4

from ledger import leases
from ledger.store import Ledger

T = TypeVar("T")


class LeaseLost(Exception):
    """The lease could not be renewed; somebody else may hold it by now, so the work was stopped."""

    public = True


async def while_leased(
    ledger: Ledger, name: str, work: Callable[[], Awaitable[T]], *, seconds: float = 15.0
) -> T | None:
    """Run `work` under the lease `name`, renewed in the background; None at once if another holds it.

    The lease lives `seconds` of database time beyond its last renewal, so a killed process blocks nobody for longer.
    Raises `LeaseLost` after cancelling `work` when a renewal is refused, or none succeeds in time.
    """
    owner = process_name()
    if not await leases.acquire(ledger, name, owner, seconds):
        return None
    working = asyncio.ensure_future(work())
    renewing = asyncio.create_task(_renew(ledger, name, owner, seconds))
    try:
        await asyncio.wait({working, renewing}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise LeaseLost(f"The lease '{name}' was lost; the work stopped and goes on elsewhere or later.")
        return working.result()
    finally:
        for task in (working, renewing):
            task.cancel()
        await asyncio.gather(working, renewing, return_exceptions=True)
        await leases.release(ledger, name, owner)


async def _renew(ledger: Ledger, name: str, owner: str, seconds: float) -> None:
    """Renew until it is refused, or until the lease may have run out without our knowing."""
    clock = asyncio.get_running_loop().time
    held_since = clock()
    while clock() - held_since < seconds * 0.8:
        await asyncio.sleep(seconds / 5)
        begun = clock()
        try:
            async with asyncio.timeout(seconds / 4):
                if not await leases.renew(ledger, name, owner, seconds):
                    return
            held_since = begun
        except Exception:  # noqa: S112 - the database may be away for a moment; the time above says how long it may
            continue


def process_name() -> str:
    """Who holds a claim or a lease: this process and this moment of it, told apart from every other."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
