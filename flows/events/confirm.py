"""Deals with deliveries that prove nothing by themselves: the provider is asked once before one counts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from pydantic import SecretStr

from blocks.accounts import AccountNotFound
from connectors.signing.errors import AuthenticationError, PermanentError, QuotaExceeded, TransientError
from connectors.signing.hooks import proven
from connectors.signing.model import Event, EventType, SignerStatus, Snapshot, Status
from connectors.signing.provider import Capability, Provider
from connectors.signing.registry import PROVIDERS
from flows.accounts import Accounts
from flows.edges import kinds
from ledger import applying, inbox
from ledger.applying import Hinted, Reported
from ledger.inbox import Waiting
from ledger.states import RequestState
from ledger.store import Ledger

TAKEN = 40
AT_ONCE = 8
SECONDS_EACH = 60.0
LOOKS = 5
"""How often the provider is asked for what it reported, over seven minutes: its answers may lag behind its webhooks."""

AWAY = (TransientError, AuthenticationError, QuotaExceeded, AccountNotFound, TimeoutError, ValueError)
"""What is wrong with account, settings or provider and not with the delivery: it waits for as long as that lasts."""

SAYS_NOTHING = (EventType.CREATED, EventType.PREVIEW_READY, EventType.UNKNOWN)
"""Events nothing follows from once the request is known to be there: nobody has to be asked about them."""
ENDINGS = (Status.COMPLETED, Status.DECLINED, Status.CANCELED, Status.EXPIRED, Status.FAILED)
SHOWN_BY = {
    EventType.COMPLETED: (Status.COMPLETED,),
    EventType.ALL_SIGNED: (Status.COMPLETED,),
    EventType.DECLINED: ENDINGS,
    EventType.CANCELED: ENDINGS,
    EventType.EXPIRED: ENDINGS,
    EventType.FAILED: ENDINGS,
}
"""What the provider has to answer about a request for an event about all of it to be confirmed."""

WITHOUT_ID = (
    "The provider reports that everybody has signed; that cannot be confirmed, since its id for this request is not "
    "known: look it up there."
)
NOT_SHOWN = "The provider reported '{}', and does not say so when asked: look there how it stands."
NOT_THERE = "The provider reported '{}', and knows nothing of the request when asked: look there."


class NothingToMakeOfIt(Exception):
    """A delivery that is none of ours, or says nothing that can be understood; the message is its reason."""


class NotShown(Exception):
    """The provider's answer does not show what was reported, at least not yet."""


async def confirm_waiting(ledger: Ledger, accounts: Accounts, secrets: Sequence[SecretStr]) -> int:
    """Confirm the oldest of these deliveries, some at the same time; how many were dealt with.

    `secrets` are the receiver's, with which proofs are made. What cannot be confirmed now is tried again later.
    """
    waiting = await inbox.take(ledger, TAKEN, genuine=False)
    room = asyncio.Semaphore(AT_ONCE)

    async def one(delivery: Waiting) -> None:
        async with room:
            await _deal_with(ledger, accounts, secrets, delivery)

    await asyncio.gather(*(one(delivery) for delivery in waiting))
    return len(waiting)


async def _deal_with(ledger: Ledger, accounts: Accounts, secrets: Sequence[SecretStr], delivery: Waiting) -> None:
    try:
        async with asyncio.timeout(SECONDS_EACH):
            await _confirm(ledger, accounts, secrets, delivery)
    except NothingToMakeOfIt as error:
        await inbox.bury(ledger, delivery.id, str(error))
    except AWAY as error:
        await inbox.put_off(ledger, delivery.id, f"It could not be confirmed ({', '.join(kinds(error))}).")
    except Exception as error:
        await inbox.again(ledger, delivery.id, f"It could not be confirmed ({', '.join(kinds(error))}).", most=LOOKS)


async def _confirm(ledger: Ledger, accounts: Accounts, secrets: Sequence[SecretStr], delivery: Waiting) -> None:
    """Raises `NothingToMakeOfIt` with the reason, where that is so."""
    reported = _reported(delivery)
    hinted = await applying.hinted(ledger, reported)
    if hinted is None:
        raise NothingToMakeOfIt("It is about no request of ours.")
    if not _ours(secrets, delivery, hinted, reported.event):
        raise NothingToMakeOfIt("It does not bring back the proof that its request was given.")
    provider_id = _whom_to_ask_about(delivery, hinted, reported.event)
    if provider_id is None:
        await _without_id(ledger, reported, hinted)
    elif reported.event.type in SAYS_NOTHING and hinted.provider_id == provider_id:
        await applying.leave_unconfirmed(ledger, reported, hinted.request_id, None)
    else:
        await _ask(ledger, accounts, delivery, reported, hinted, provider_id)


def _reported(delivery: Waiting) -> Reported:
    if delivery.provider not in PROVIDERS:
        raise NothingToMakeOfIt("No connector has this provider's name.")
    try:
        event = PROVIDERS[delivery.provider].parse(delivery.body, ref=delivery.ref)
    except ValueError as error:
        raise NothingToMakeOfIt(str(error)) from None
    return Reported(delivery.id, delivery.provider, delivery.account, event, delivery.received_at)


async def _ask(
    ledger: Ledger, accounts: Accounts, delivery: Waiting, reported: Reported, hinted: Hinted, provider_id: str
) -> None:
    provider = await accounts.client(delivery.provider, delivery.account)
    await accounts.turn(provider)
    try:
        snapshot = await provider.get(provider_id)
        if snapshot.ref is not None and snapshot.ref != hinted.ref:
            raise NothingToMakeOfIt("The provider knows what it names under another mark.")
        if not shows(snapshot, reported.event):
            raise NotShown
    except (AuthenticationError, QuotaExceeded):
        raise
    except PermanentError:
        problem = NOT_THERE.format(reported.event.name)
        await applying.leave_unconfirmed(ledger, reported, hinted.request_id, problem)
    except NotShown:
        await _not_shown_yet(ledger, delivery, reported, hinted)
    else:
        await applying.confirm(ledger, reported, hinted.request_id, snapshot)


async def _not_shown_yet(ledger: Ledger, delivery: Waiting, reported: Reported, hinted: Hinted) -> None:
    """Ask again later, since answers may lag behind events; in the end it is for a person to judge."""
    if delivery.tries + 1 < LOOKS:
        await inbox.again(ledger, delivery.id, "The provider does not show it yet.", most=LOOKS)
        return
    problem = NOT_SHOWN.format(reported.event.name)
    await applying.leave_unconfirmed(ledger, reported, hinted.request_id, problem)


def shows(snapshot: Snapshot, event: Event) -> bool:
    """Whether the provider's answer says what the event says."""
    if event.type is EventType.SIGNED:
        about = [one for one in snapshot.signers if event.signer_id and one.id == event.signer_id]
        signed = all(one.status is SignerStatus.SIGNED for one in about if one.status is not None)
        return signed or snapshot.status in ENDINGS
    return event.type not in SHOWN_BY or snapshot.status in SHOWN_BY[event.type]


def _ours(secrets: Sequence[SecretStr], delivery: Waiting, hinted: Hinted, event: Event) -> bool:
    """Whether its address was given out for this very request, or it brings back what the request was given."""
    if _addressed(PROVIDERS[delivery.provider]):
        return delivery.ref == hinted.ref  # the receiver has checked the address against this mark
    return proven(secrets, delivery.provider, delivery.account, hinted.ref, event.proof)


def _whom_to_ask_about(delivery: Waiting, hinted: Hinted, event: Event) -> str | None:
    """The provider's id. A body that brought back our proof may name a second copy of the request; a body that only
    came to the right address proves no id of its own: it could name any other request of the account."""
    if _addressed(PROVIDERS[delivery.provider]):
        return hinted.provider_id
    return event.provider_id or hinted.provider_id


def _addressed(provider: type[Provider]) -> bool:
    return Capability.WEBHOOK_PER_REQUEST in provider.capabilities


async def _without_id(ledger: Ledger, reported: Reported, hinted: Hinted) -> None:
    """The provider was faster than its own answer to us, or that answer never came."""
    if hinted.state is RequestState.SENDING:
        raise TransientError("The answer with its id is still on the way.")
    problem = WITHOUT_ID if reported.event.type is EventType.COMPLETED else None
    await applying.leave_unconfirmed(ledger, reported, hinted.request_id, problem)
