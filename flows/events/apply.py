"""Turns stored deliveries into what the ledger knows; one that cannot be understood stands in nobody's way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from connectors.signing.registry import PROVIDERS
from flows.edges import kinds
from ledger import applying, inbox
from ledger.applying import Reported
from ledger.errors import LedgerUnavailable
from ledger.inbox import Waiting
from ledger.store import Ledger

AT_ONCE = 200
SECONDS_EACH = 30.0
"""Seconds one commit may take."""


async def apply_waiting(ledger: Ledger) -> int:
    """Apply the oldest waiting deliveries that are proven to be their provider's; how many were dealt with.

    Raises `LedgerUnavailable` and nothing else.
    """
    waiting = await inbox.take(ledger, AT_ONCE, genuine=True)
    understood = [one for delivery in waiting if (one := await _understood(ledger, delivery)) is not None]
    if understood:
        await _apply(ledger, understood)
    return len(waiting)


async def _understood(ledger: Ledger, delivery: Waiting) -> Reported | None:
    """The delivery in our words; None for a dead letter, or one whose reading failed and is tried again."""
    try:
        return _translated(delivery)
    except ValueError as error:
        await inbox.bury(ledger, delivery.id, str(error))
    except Exception as error:
        await _put_off(ledger, delivery.id, error)
    return None


def _translated(delivery: Waiting) -> Reported:
    """Raises `ValueError` with the reason why nothing can be made of it."""
    if delivery.provider not in PROVIDERS:
        raise ValueError("No connector has this provider's name.")
    event = PROVIDERS[delivery.provider].parse(delivery.body, ref=delivery.ref)
    return Reported(delivery.id, delivery.provider, delivery.account, event, delivery.received_at)


async def _apply(ledger: Ledger, reported: Sequence[Reported]) -> None:
    """Apply these in one commit, and one by one where that fails."""
    try:
        async with asyncio.timeout(SECONDS_EACH):
            await applying.apply_all(ledger, reported)
    except LedgerUnavailable:
        raise
    except Exception as error:
        if len(reported) == 1:
            await _put_off(ledger, reported[0].delivery_id, error)
            return
        for one in reported:
            await _apply(ledger, [one])


async def _put_off(ledger: Ledger, delivery_id: int, error: Exception) -> None:
    await inbox.again(ledger, delivery_id, f"It could not be applied ({', '.join(kinds(error))}).")
