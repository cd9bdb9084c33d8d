"""Turns stored deliveries into what the ledger knows; one that cannot be understood stands in nobody's way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from pydantic import SecretStr

from connectors.signing.registry import PROVIDERS
from flows.accounts import Accounts
from flows.edges import kinds
from flows.events.confirm import confirm_all
from ledger import applying, inbox
from ledger.applying import Reported
from ledger.errors import LedgerUnavailable
from ledger.inbox import Waiting
from ledger.store import Ledger

AT_ONCE = 200
SECONDS_EACH = 30.0
"""Seconds one commit may take."""


async def apply_waiting(ledger: Ledger, accounts: Accounts, secrets: Sequence[SecretStr]) -> int:
    """Apply the oldest waiting deliveries; how many were dealt with. Raises `LedgerUnavailable` and nothing else.

    Those that prove nothing are confirmed with the provider first; `secrets` are the receiver's, with which proofs
    are made.
    """
    waiting = await inbox.take(ledger, AT_ONCE)
    known = [delivery for delivery in waiting if delivery.genuine or delivery.provider not in PROVIDERS]
    understood = [one for delivery in known if (one := await _understood(ledger, delivery)) is not None]
    if understood:
        await _apply(ledger, understood)
    hints = [delivery for delivery in waiting if not delivery.genuine and delivery.provider in PROVIDERS]
    await confirm_all(ledger, accounts, secrets, hints)
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
