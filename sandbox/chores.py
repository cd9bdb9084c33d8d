"""What goes on by itself: PDFs that have to be made, contracts whose time is over."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

from sandbox import machine
from sandbox.changing import Changing
from sandbox.contract import Contract
from sandbox.machine import Change
from sandbox.paper import NotFound

POLL_SECONDS = 0.2


class Chores:
    """The steps that nobody asks for."""

    def __init__(self, changing: Changing) -> None:
        self.clock = changing.clock
        self.unfinished = changing.unfinished
        self._changing = changing

    async def pending(self) -> list[str]:
        """Contracts whose PDF has still to be made."""
        return await self._changing.store.run(lambda tables: tables.pending())

    async def contract(self, contract_id: str) -> Contract | None:
        """A contract of whatever dialect."""
        return await self._changing.store.run(lambda tables: tables.contract(contract_id))

    async def complete(self, contract_id: str) -> None:
        """The signed PDF is in its place."""
        await self._changing.by_id(contract_id, machine.complete)

    async def previewed(self, contract_id: str) -> None:
        """The preview is in its place."""

        def step(change: Change) -> None:
            change.contract = replace(change.contract, preview_wanted=False)
            change.tell("previewed")

        await self._changing.by_id(contract_id, step)

    async def expire(self) -> None:
        """Ends what is overdue, until it is cancelled."""
        while True:
            for contract_id in await self._overdue():
                with contextlib.suppress(NotFound):  # deleted in the meantime
                    await self._changing.by_id(contract_id, machine.expire)
            await asyncio.sleep(POLL_SECONDS)

    async def _overdue(self) -> list[str]:
        return await self._changing.store.run(lambda tables: tables.overdue(self.clock.now()))
