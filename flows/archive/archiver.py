"""Archives what is due, several at the same time: a download that dawdles keeps one place from the others, no more."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Self

from blocks.archive import Archive
from flows.accounts import Accounts
from flows.archive.job import keep
from flows.edges import kinds
from flows.effects import put_off
from ledger import archiving, outbox
from ledger.archiving import Archivable, Kept
from ledger.errors import NotInLedger
from ledger.outbox import Effect
from ledger.store import Ledger

PLACES = 8
PORTION = 32
"""Documents whose evidence is read in one go."""
LOOK_EVERY = 0.25
"""Seconds between looks for documents that have become due while others are being fetched."""
SECONDS_EACH = 180.0


class Archiver:
    """Eight places, each with one document under way; open between `async with`, whose end calls off what is left."""

    def __init__(self, ledger: Ledger, accounts: Accounts, archive: Archive) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._archive = archive
        self._queue: deque[tuple[Effect, Archivable]] = deque()
        self._under_way: dict[asyncio.Task[Kept | None], int] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def go_on(self) -> int:
        """Go on until something is kept, or nothing is left; how many have been kept since the last time.

        Whatever has ended together is written down together.
        """
        kept: list[Kept] = []
        while not kept:
            await self._fill()
            if not self._under_way:
                return 0
            ended, _ = await asyncio.wait(self._under_way, timeout=LOOK_EVERY, return_when=asyncio.FIRST_COMPLETED)
            kept = self._take_out(ended)
        await archiving.archived(self._ledger, kept)
        return len(kept)

    async def _fill(self) -> None:
        free = PLACES - len(self._under_way)
        if free > 0 and not self._queue:
            await self._look()
        for _ in range(min(free, len(self._queue))):
            effect, what = self._queue.popleft()
            self._under_way[asyncio.create_task(self._one(effect, what))] = effect.id

    async def _look(self) -> None:
        busy = set(self._under_way.values())
        due = await outbox.due(self._ledger, "archive", PORTION + len(busy))
        fresh = [effect for effect in due if effect.id not in busy]
        known = await archiving.to_archive(self._ledger, [effect.request_id for effect in fresh]) if fresh else {}
        for effect in fresh:
            if effect.request_id in known:
                self._queue.append((effect, known[effect.request_id]))
            else:
                await put_off(self._ledger, effect, NotInLedger.__name__)

    async def _one(self, effect: Effect, what: Archivable) -> Kept | None:
        try:
            async with asyncio.timeout(SECONDS_EACH):
                kept = await keep(self._accounts, self._archive, what)
        except Exception as error:
            await put_off(self._ledger, effect, ", ".join(kinds(error)))
            return None
        return kept.model_copy(update={"effect": (effect.id, effect.version)})

    def _take_out(self, ended: Iterable[asyncio.Task[Kept | None]]) -> list[Kept]:
        for task in ended:
            del self._under_way[task]
        return [kept for task in ended if (kept := task.result()) is not None]
