"""Keeps the deadlines of providers that have none: what is overdue is withdrawn there before it counts as expired."""

from __future__ import annotations

from datetime import datetime, timedelta

from connectors.signing.errors import AuthenticationError, ConnectorError, PermanentError, QuotaExceeded
from connectors.signing.provider import Capability, Provider
from connectors.signing.registry import PROVIDERS
from flows.accounts import Accounts
from flows.edges import kinds
from ledger import applying, expiring
from ledger.expiring import Overdue
from ledger.states import REPORTED_BY_STATUS
from ledger.store import Ledger

AGAIN = timedelta(days=1)
STUCK = (
    "Its deadline has passed; the provider neither withdraws it nor says that it has ended: look there how it stands. "
    "It is tried again in a day."
)
NOWHERE = 404


def withdraws(provider: type[Provider]) -> bool:
    """Whether a deadline at this provider is kept by us, by withdrawing."""
    return Capability.EXPIRY not in provider.capabilities and Capability.CANCEL in provider.capabilities


async def keep_deadlines(ledger: Ledger, accounts: Accounts, now: datetime) -> tuple[int, list[str]]:
    """Close what is overdue at `now`; how many requests, and the kinds of what went wrong.

    An account that cannot be used now holds up no other: its requests stay open until the next sweep.
    """
    by_us = [name for name, provider in PROVIDERS.items() if withdraws(provider)]
    resting: set[tuple[str, str]] = set()
    closed, failed = 0, list[str]()
    while True:
        due = await expiring.overdue(ledger, now, by_us, resting)
        rested = len(resting)
        for one in due:
            if (one.provider, one.account) in resting:
                continue
            try:
                closed += await _withdraw(ledger, accounts, one, now)
            except Exception as error:
                failed += kinds(error)
                resting.add((one.provider, one.account))
        if len(due) < expiring.PORTION and len(resting) == rested:
            break
    return closed + len(await expiring.expire_overdue(ledger, now, but_at=by_us)), failed


async def _withdraw(ledger: Ledger, accounts: Accounts, one: Overdue, now: datetime) -> bool:
    """Whether it is expired now. What the provider does not let go of has ended there, or is left for a person."""
    provider = await accounts.client(one.provider, one.account)
    await accounts.turn(provider)
    try:
        await provider.cancel(one.provider_id)
    except (AuthenticationError, QuotaExceeded):
        raise
    except PermanentError:
        return await _as_it_stands(ledger, provider, one, now)
    await expiring.expire(ledger, one.request_id, now)
    return True


async def _as_it_stands(ledger: Ledger, provider: Provider, one: Overdue, now: datetime) -> bool:
    try:
        snapshot = await provider.get(one.provider_id)
    except (AuthenticationError, QuotaExceeded):
        raise
    except PermanentError as error:
        if error.status != NOWHERE:
            raise ConnectorError("The request can be neither withdrawn nor asked about.") from None
        await expiring.expire(ledger, one.request_id, now)  # it is gone there
        return True
    await applying.observe(ledger, one.request_id, snapshot)
    ended = REPORTED_BY_STATUS.get(snapshot.status)
    if ended is None or not ended.terminal:
        await expiring.postpone(ledger, one.request_id, now + AGAIN, STUCK)
    return False
