"""Turns stored deliveries into what the ledger knows; one that cannot be understood stands in nobody's way."""

from __future__ import annotations

import asyncio

from connectors.signing.registry import PROVIDERS
from flows.edges import kinds
from ledger import applying, inbox
from ledger.errors import LedgerUnavailable
from ledger.inbox import Waiting
from ledger.store import Ledger

AT_ONCE = 200
SECONDS_EACH = 30.0


async def apply_waiting(ledger: Ledger) -> int:
    """Apply the oldest waiting deliveries; how many were dealt with. Raises `LedgerUnavailable` and nothing else."""
    waiting = await inbox.take(ledger, AT_ONCE)
    for delivery in waiting:
        await _deal_with(ledger, delivery)
    return len(waiting)


async def _deal_with(ledger: Ledger, delivery: Waiting) -> None:
    try:
        async with asyncio.timeout(SECONDS_EACH):
            await _apply(ledger, delivery)
    except LedgerUnavailable:
        raise
    except Exception as error:
        await inbox.again(ledger, delivery.id, f"It could not be applied ({', '.join(kinds(error))}).")


async def _apply(ledger: Ledger, delivery: Waiting) -> None:
    if delivery.provider not in PROVIDERS:
        await inbox.bury(ledger, delivery.id, "No connector has this provider's name.")
        return
    if not delivery.genuine:
        await inbox.bury(ledger, delivery.id, "Nothing proves that it came from the provider.")
        return
    try:
        event = PROVIDERS[delivery.provider].parse(delivery.body)
    except ValueError as error:
        await inbox.bury(ledger, delivery.id, str(error))
        return
    await applying.apply(ledger, delivery.id, delivery.provider, delivery.account, event, delivery.received_at)
