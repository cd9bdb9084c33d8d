"""What happens after the answer to a create call: the request is prepared and sent, or found to be impossible."""

from __future__ import annotations

import asyncio
import contextlib

from starlette.background import BackgroundTask

from sandbox.engine import Engine, Refused

SECONDS = 0.1
"""The guide on sending says "asynchronous" and "shortly after"; a moment in which it can be seen waiting."""
INVALID = "invalid"
"""In a contract's `extra`: why it cannot be sent, known already when it is created."""


class Processing:
    """Until then a request is a draft here. What was waiting when the sandbox stopped is taken up with the first call
    after that, as nothing of a dialect runs by itself."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._taken_up = False

    async def take_up(self) -> None:
        """Before every call; does something once."""
        if not self._taken_up:
            self._taken_up = True
            for contract in reversed(await self._engine.newest(states=["draft"])):
                await self._process(contract.id)

    def afterwards(self, contract_id: str) -> BackgroundTask:
        """For the answer to a create call."""
        return BackgroundTask(self._process_soon, contract_id)

    async def _process_soon(self, contract_id: str) -> None:
        await asyncio.sleep(SECONDS)
        await self._process(contract_id)

    async def _process(self, contract_id: str) -> None:
        with contextlib.suppress(Refused):  # somebody was quicker
            contract = await self._engine.contract(contract_id)
            if problem := contract.extra.get(INVALID):
                await self._engine.fail(contract_id, problem)
            else:
                await self._engine.send_draft(contract_id)
