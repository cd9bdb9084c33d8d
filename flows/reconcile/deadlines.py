"""Keeps the deadlines of providers that have none: what is overdue is withdrawn there before it counts as expired."""

from __future__ import annotations

from datetime import datetime

from connectors.signing.errors import PermanentError
from connectors.signing.provider import Capability, Provider
from connectors.signing.registry import PROVIDERS
from flows.accounts import Accounts
from flows.edges import kinds
from ledger import applying, expiring
from ledger.expiring import Overdue
from ledger.store import Ledger


def withdraws(provider: type[Provider]) -> bool:
    """Whether a deadline at this provider is kept by us, by withdrawing."""
    return Capability.EXPIRY not in provider.capabilities and Capability.CANCEL in provider.capabilities


async def keep_deadlines(ledger: Ledger, accounts: Accounts, now: datetime) -> tuple[int, list[str]]:
    """Close what is overdue at `now`; how many requests, and the kinds of what went wrong.

    Where withdrawing does not work out the request stays open, and is tried again by the next sweep.
    """
    by_us = [name for name, provider in PROVIDERS.items() if withdraws(provider)]
    closed, failed = 0, list[str]()
    for one in await expiring.overdue(ledger, now, by_us):
        try:
            closed += await _withdraw(ledger, accounts, one, now)
        except Exception as error:
            failed += kinds(error)
    return closed + len(await expiring.expire_overdue(ledger, now, but_at=by_us)), failed


async def _withdraw(ledger: Ledger, accounts: Accounts, one: Overdue, now: datetime) -> bool:
    """Whether it is expired now. What the provider does not let go of has ended there already, or it tells why not."""
    provider = await accounts.client(one.provider, one.account)
    await accounts.turn(provider)
    try:
        await provider.cancel(one.provider_id)
    except PermanentError:
        await applying.observe(ledger, one.request_id, await provider.get(one.provider_id))
    await expiring.expire(ledger, one.request_id, now)
    return True
