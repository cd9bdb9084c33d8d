"""Withdraws one request at its provider; what became of a call without a clear answer is looked up, never guessed."""

from __future__ import annotations

import asyncio
from enum import StrEnum

from connectors.signing.errors import (
    AuthenticationError,
    ConnectorError,
    PermanentError,
    QuotaExceeded,
    TransientError,
)
from connectors.signing.model import EventType
from connectors.signing.provider import Provider
from flows.accounts import Accounts
from flows.batch.a_few import patiently
from flows.send.prepare import fingerprint
from ledger import applying, voiding
from ledger.batches import Batch
from ledger.states import REPORTED_BY_STATUS, RequestState
from ledger.store import Ledger

NOWHERE = 404
KEPT = "The provider did not withdraw it, and it is still open there: look there why."
UNKNOWN = "Its withdrawal was asked for and nobody knows yet whether it worked; voiding it again looks and goes on."
NO_ID = "It has no id at the provider yet, so it cannot be withdrawn from here; do that there."


class Ended(StrEnum):
    """How a withdrawal ended."""

    WITHDRAWN = "withdrawn"
    OVER = "over"
    """It had ended otherwise meanwhile: completed, declined, expired."""
    OPEN = "open"
    """The provider does not let go of it."""
    UNKNOWN = "unknown"
    """It may be withdrawn; the provider cannot be asked now."""


def same_account(batch: Batch, provider: Provider) -> bool:
    """Whether this is the very account the batch went out through, so that what it does not know is not there."""
    return (batch.base_url, batch.fingerprint) == (provider.settings.base_url, fingerprint(provider.settings))


async def withdraw(
    ledger: Ledger, accounts: Accounts, provider: Provider, request_id: str, provider_id: str, *, same: bool
) -> Ended:
    """Withdraw a request and record how it stands then. Repeating it is harmless.

    Raises `AuthenticationError`, `QuotaExceeded` and `TransientError`: nothing was done, and the next would fail too.
    """
    await accounts.turn(provider)
    try:
        async with asyncio.timeout(provider.settings.timeout_seconds + 5):
            await provider.cancel(provider_id)
    except (AuthenticationError, QuotaExceeded, TransientError):
        raise
    except (ConnectorError, TimeoutError):
        return await _as_it_stands(ledger, accounts, provider, request_id, provider_id, same=same)
    if EventType.CANCEL_FAILED in provider.events.values():
        # its yes is a promise: that it did not work out may be told later
        return await _as_it_stands(ledger, accounts, provider, request_id, provider_id, same=same)
    return _ended(await voiding.withdrawn(ledger, request_id))


async def _as_it_stands(
    ledger: Ledger, accounts: Accounts, provider: Provider, request_id: str, provider_id: str, *, same: bool
) -> Ended:
    await accounts.turn(provider)
    try:
        async with asyncio.timeout(provider.settings.timeout_seconds + 5):
            snapshot = await patiently(lambda: provider.get(provider_id))
    except (AuthenticationError, QuotaExceeded):
        raise
    except (ConnectorError, TimeoutError) as error:
        if isinstance(error, PermanentError) and error.status == NOWHERE and same:
            return _ended(await voiding.withdrawn(ledger, request_id))  # it is gone there
        await voiding.still_open(ledger, request_id, UNKNOWN)
        return Ended.UNKNOWN
    await applying.observe(ledger, request_id, snapshot)
    state = REPORTED_BY_STATUS.get(snapshot.status)
    if state is not None and state.terminal:
        return _ended(state)
    await voiding.still_open(ledger, request_id, KEPT)
    return Ended.OPEN


def _ended(state: RequestState | None) -> Ended:
    return Ended.WITHDRAWN if state is RequestState.CANCELED else Ended.OVER
