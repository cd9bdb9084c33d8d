"""Drains the inbox and what follows from it, everything at once, until nothing has come for a while."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from pydantic import SecretStr

from blocks.archive import Archive
from flows.accounts import Accounts, OpenAccount, provider_for
from flows.archive.archiver import Archiver
from flows.edges import kinds
from flows.events.announce import Post, announce_due, post_to_prefect
from flows.events.apply import apply_waiting
from flows.events.confirm import confirm_waiting
from flows.events.notice import FindNotify, give_notice, nobody
from flows.events.writeback import write_due
from flows.lease import while_leased
from ledger.store import Ledger

LEASE = "drain"
LEASE_SECONDS = 15.0
LOOK_EVERY = 0.25
"""Seconds between looks while lingering; a warm drain has to act within one."""
REST_AFTER_WRITING = 2.0
"""Seconds between write-backs: a sheet is read and written whole, however few rows have changed."""
STEP_SECONDS = 240.0
"""Seconds one step may take before it is given up; what it did not get done stays due in the ledger."""

logger = logging.getLogger(__name__)

Work = Callable[[], Awaitable[int]]


@dataclass
class Drained:
    """How much was done, by kind; numbers alone."""

    done: dict[str, int] = field(default_factory=dict)
    already_draining: bool = False


async def drain(
    ledger: Ledger,
    archive: Archive,
    secrets: Sequence[SecretStr],
    *,
    linger_seconds: float = 0.0,
    open_account: OpenAccount = provider_for,
    post: Post = post_to_prefect,
    notify: FindNotify = nobody,
) -> Drained:
    """Do whatever waits, then linger until nothing has come for `linger_seconds`. At most one drain at a time:
    where another holds the lease, this ends at once and says so. `secrets` are the receiver's, `notify` finds the way
    to tell the owner. Raises `LeaseLost` if the lease is lost meanwhile.
    """

    async def work() -> Drained:
        async with Accounts(open_account) as accounts, Archiver(ledger, accounts, archive) as documents:
            loops = Loops(
                {
                    "deliveries": (lambda: apply_waiting(ledger), 0.0),
                    # Apart from those, since each of these waits for its provider's answer.
                    "hints": (lambda: confirm_waiting(ledger, accounts, secrets), 0.0),
                    "documents": (documents.go_on, 0.0),
                    "rows": (lambda: write_due(ledger), REST_AFTER_WRITING),
                    "events": (lambda: announce_due(ledger, post), 0.0),
                    "notices": (lambda: give_notice(ledger, notify), 0.0),
                }
            )
            await loops.run(linger_seconds)
            return Drained(loops.done)

    return await while_leased(ledger, LEASE, work, seconds=LEASE_SECONDS) or Drained(already_draining=True)


class Loops:
    """Works that each repeat by themselves, so that a slow download never keeps a delivery waiting.

    Beside each stand the seconds it rests after having done something; deliveries come in bursts and need no rest.

    It is over when every one of them has looked again after the last thing any of them did, and found nothing.
    """

    def __init__(self, works: dict[str, tuple[Work, float]]) -> None:
        self.done = dict.fromkeys(works, 0)
        self._works = works
        self._clock = asyncio.get_running_loop().time
        self._last_work = self._clock()
        self._looked_in_vain = dict.fromkeys(works, 0.0)

    async def run(self, linger_seconds: float) -> None:
        """Run until nothing has been done for `linger_seconds`."""
        tasks = [asyncio.create_task(self._repeat(name)) for name in self._works]
        try:
            await self._until_idle(linger_seconds)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _until_idle(self, linger_seconds: float) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY if linger_seconds else 0.05)
            if self._idle(linger_seconds):
                return

    def _idle(self, linger_seconds: float) -> bool:
        looked = min(self._looked_in_vain.values())
        return looked > self._last_work and self._clock() - self._last_work >= linger_seconds

    async def _repeat(self, name: str) -> None:
        work, rest = self._works[name]
        while True:
            begun = self._clock()
            count = await self._step(name, work)
            if count:
                self.done[name] += count
                self._last_work = self._clock()
            else:
                self._looked_in_vain[name] = begun
            await asyncio.sleep(rest if count else LOOK_EVERY)

    async def _step(self, name: str, work: Work) -> int:
        try:
            async with asyncio.timeout(STEP_SECONDS):
                return await work()
        except Exception as error:
            logger.warning("Draining %s did not work (%s); it is tried again.", name, ", ".join(kinds(error)))
            return 0
