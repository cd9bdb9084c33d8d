"""Applies a step to one contract, in one transaction with everything that follows from it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from sandbox.clock import Clock
from sandbox.contract import Contract
from sandbox.dialect import Dialect
from sandbox.links import Links
from sandbox.machine import Change
from sandbox.paper import NotFound
from sandbox.store import Delivery, Store, Tables


class Changing:
    """The new state, the letters and the webhook calls that follow from it are kept together or not at all.
    Afterwards `announce` receives the calls, and `unfinished` is set when a PDF has to be made."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        links: Links,
        dialects: Mapping[str, Dialect],
        announce: Callable[[list[Delivery]], None],
    ) -> None:
        self.store = store
        self.clock = clock
        self.links = links
        self.unfinished = asyncio.Event()
        self._dialects = dialects
        self._announce = announce

    async def apply(self, find: Callable[[Tables], Contract], step: Callable[[Change, Tables], None]) -> Contract:
        """The contract that `find` finds or makes, after the step; what either raises undoes everything."""

        def job(tables: Tables) -> tuple[Contract, list[Delivery]]:
            change = Change(find(tables), self.clock.now())
            step(change, tables)
            return change.contract, self._keep(tables, change)

        contract, deliveries = await self.store.run(job)
        self._announce(deliveries)
        if contract.pending:
            self.unfinished.set()
        return contract

    async def by_id(self, contract_id: str, step: Callable[[Change], None]) -> Contract:
        """Raises NotFound, and whatever the step raises."""
        return await self.apply(lambda tables: found(tables.contract(contract_id)), lambda change, _: step(change))

    async def by_signer(self, signer_id: str, step: Callable[[Change], None]) -> Contract:
        """The contract of a signer; raises NotFound, and whatever the step raises."""
        return await self.apply(lambda tables: found(tables.contract_of(signer_id)), lambda change, _: step(change))

    def _keep(self, tables: Tables, change: Change) -> list[Delivery]:
        contract = change.contract
        tables.save(contract)
        tables.put_mails(change.letters, change.now)
        dialect = self._dialects[contract.dialect]
        calls = [call for event in change.events for call in dialect.webhooks(contract, event, self.links)]
        return [tables.put_delivery(contract, *call, change.now) for call in calls]


def found(contract: Contract | None, dialect: str | None = None) -> Contract:
    """Raises NotFound where there is no contract, or where it is not one of this dialect's."""
    if contract is None or dialect not in (None, contract.dialect):
        raise NotFound("There is no contract with this id.")
    return contract
