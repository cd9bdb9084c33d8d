"""Deals with deliveries that prove nothing by themselves: the provider is asked once before one counts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from pydantic import SecretStr

from connectors.signing.errors import ConnectorError
from connectors.signing.hooks import proven
from connectors.signing.model import EventType, Status
from connectors.signing.provider import Capability, Provider
from connectors.signing.registry import PROVIDERS
from flows.accounts import Accounts
from flows.edges import kinds
from ledger import applying, inbox
from ledger.applying import Hinted, Reported
from ledger.inbox import Waiting
from ledger.states import RequestState
from ledger.store import Ledger

AT_ONCE = 8
SECONDS_EACH = 60.0
SAYS_NOTHING = (EventType.CREATED, EventType.PREVIEW_READY, EventType.UNKNOWN)
"""Events nothing follows from once the request is known to be there: nobody has to be asked about them."""
WITHOUT_ID = (
    "The provider reports that everybody has signed; that cannot be confirmed, since its id for this request is not "
    "known: look it up there."
)
WITHOUT_WORDS = (
    "The provider reports that everybody has signed; what it answers about this request cannot be read: look there."
)


async def confirm_all(
    ledger: Ledger, accounts: Accounts, secrets: Sequence[SecretStr], hints: Sequence[Waiting]
) -> None:
    """Confirm these deliveries, some at the same time. One that cannot be confirmed now is tried again later."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(delivery: Waiting) -> None:
        async with room:
            try:
                async with asyncio.timeout(SECONDS_EACH):
                    await _confirm(ledger, accounts, secrets, delivery)
            except ValueError as error:
                await inbox.bury(ledger, delivery.id, str(error))
            except Exception as error:
                await inbox.again(ledger, delivery.id, f"It could not be confirmed ({', '.join(kinds(error))}).")

    await asyncio.gather(*(one(delivery) for delivery in hints))


async def _confirm(ledger: Ledger, accounts: Accounts, secrets: Sequence[SecretStr], delivery: Waiting) -> None:
    """Raises `ValueError` with the reason why nothing can be made of it."""
    provider_class = PROVIDERS[delivery.provider]
    event = provider_class.parse(delivery.body, ref=delivery.ref)
    reported = Reported(delivery.id, delivery.provider, delivery.account, event, delivery.received_at)
    hinted = await applying.hinted(ledger, reported)
    if hinted is None:
        raise ValueError("It is about no request of ours.")
    if not _ours(provider_class, secrets, delivery, hinted, event.proof):
        raise ValueError("It does not bring back the proof that its request was given.")
    if event.type in SAYS_NOTHING and hinted.provider_id is not None:
        await applying.leave_unconfirmed(ledger, reported, hinted.request_id, None)
        return
    provider_id = hinted.provider_id or event.provider_id
    if provider_id is None:
        await _without_id(ledger, reported, hinted)
        return
    provider = await accounts.client(delivery.provider, delivery.account)
    await accounts.turn(provider)
    snapshot = await provider.get(provider_id)
    if snapshot.ref is not None and snapshot.ref != hinted.ref:
        raise ValueError("The provider knows what it names under another mark.")
    if event.type is EventType.COMPLETED and snapshot.status is Status.UNKNOWN:
        await applying.leave_unconfirmed(ledger, reported, hinted.request_id, WITHOUT_WORDS)
        return
    if event.type is EventType.COMPLETED and snapshot.status is not Status.COMPLETED:
        raise ConnectorError("The provider does not show it as completed yet.")
    await applying.confirm(ledger, reported, hinted.request_id, snapshot)


def _ours(
    provider: type[Provider], secrets: Sequence[SecretStr], delivery: Waiting, hinted: Hinted, proof_seen: str | None
) -> bool:
    """Whether its address was given out for this very request, or it brings back what the request was given."""
    if Capability.WEBHOOK_PER_REQUEST in provider.capabilities:
        return delivery.ref == hinted.ref  # the receiver has checked the address against this mark
    return proven(secrets, delivery.provider, delivery.account, hinted.ref, proof_seen)


async def _without_id(ledger: Ledger, reported: Reported, hinted: Hinted) -> None:
    """The provider was faster than its own answer to us, or that answer never came."""
    if hinted.state in (RequestState.PLANNED, RequestState.SENDING):
        raise ConnectorError("The answer with its id is still on the way.")
    await applying.leave_unconfirmed(ledger, reported, hinted.request_id, WITHOUT_ID)
