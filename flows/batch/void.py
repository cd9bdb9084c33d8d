"""Takes a batch back: planned rows at once, open requests as far as the provider lets go of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from connectors.signing.errors import AuthenticationError, ConnectorError, QuotaExceeded
from connectors.signing.provider import Capability, Provider
from connectors.signing.registry import PROVIDERS
from flows.accounts import Accounts
from flows.batch.a_few import AT_ONCE, a_few_at_once, patiently
from flows.batch.withdrawing import NO_ID, Ended, same_account, withdraw
from ledger import batches, settling, voiding
from ledger.batches import Batch
from ledger.states import RequestState
from ledger.store import Ledger
from ledger.voiding import OpenRequest

Heard = Callable[[int], None]
"""Hears how many withdrawals have ended so far."""


@dataclass(frozen=True)
class Prospect:
    """What taking a batch back would do. `open` requests are withdrawn only if the provider `can` be told to."""

    provider: type[Provider]
    can: bool
    planned: int
    open: int
    sending: int
    uncertain: int

    @property
    def number(self) -> int:
        """How many requests would end by it."""
        return self.planned + (self.open if self.can else 0)


@dataclass(frozen=True)
class Voided:
    """How it went. `stopped` says why it ended early, if it did; the same call again goes on."""

    planned: int = 0
    ended: Counter[Ended] = field(default_factory=Counter)
    kept: int = 0
    """Open requests that a provider without such a call cannot be asked to withdraw."""
    sending: int = 0
    uncertain: int = 0
    stopped: str | None = None

    @property
    def left(self) -> int:
        """How many requests have not ended."""
        return self.kept + self.ended[Ended.OPEN] + self.ended[Ended.UNKNOWN] + self.sending + self.uncertain


def because(batch_id: str) -> str:
    """Why a batch that was taken back sends nothing."""
    return f"It was taken back; `esign batch void {batch_id}` goes on with what is left of it."


async def prospect(ledger: Ledger, batch: Batch) -> Prospect:
    """What taking this batch back would do; changes nothing."""
    provider = PROVIDERS[batch.provider]
    counts = await voiding.standing(ledger, batch.id)
    return Prospect(
        provider=provider,
        can=Capability.CANCEL in provider.capabilities,
        planned=counts.get(RequestState.PLANNED, 0),
        open=counts.get(RequestState.SENT, 0) + counts.get(RequestState.IN_PROGRESS, 0),
        sending=counts.get(RequestState.SENDING, 0),
        uncertain=counts.get(RequestState.UNCERTAIN, 0),
    )


async def void(ledger: Ledger, accounts: Accounts, batch: Batch, heard: Heard = lambda _: None) -> Voided:
    """Take a batch back. Safe to repeat and to interrupt: whatever has ended is not asked about again.

    Rows being sent or unclear are left as they are. Raises `AccountNotFound` before anything is changed.
    """
    asked = await prospect(ledger, batch)
    provider = await accounts.client(batch.provider, batch.account) if asked.open and asked.can else None
    await settling.expire_claims(ledger)
    await batches.hold(ledger, batch.id, because(batch.id))
    planned = await voiding.take_back_planned(ledger, batch.id)
    ended: Counter[Ended] = Counter()
    stopped = None
    if provider is not None:
        stopped = await _withdraw_all(ledger, accounts, provider, batch, ended, heard)
    await batches.finish(ledger, batch.id)
    after = await prospect(ledger, batch)
    kept = 0 if asked.can else after.open
    return Voided(planned, ended, kept, after.sending, after.uncertain, stopped)


async def _withdraw_all(
    ledger: Ledger, accounts: Accounts, provider: Provider, batch: Batch, ended: Counter[Ended], heard: Heard
) -> str | None:
    same = same_account(batch, provider)

    async def one(request: OpenRequest) -> None:
        if request.provider_id is None:
            await voiding.still_open(ledger, request.request_id, NO_ID)
            how = Ended.OPEN
        else:
            known = request.provider_id
            how = await patiently(lambda: withdraw(ledger, accounts, provider, request.request_id, known, same=same))
        ended[how] += 1
        heard(ended.total())

    after = ""
    try:
        while portion := await voiding.open_requests(ledger, batch.id, after):
            await a_few_at_once(portion, one, min(AT_ONCE, provider.settings.concurrency))
            after = portion[-1].request_id
    except ConnectorError as error:
        return why_stopped(error)
    return None


def why_stopped(error: ConnectorError) -> str:
    """Why it makes no sense to go on now, and what to do."""
    if isinstance(error, AuthenticationError):
        return "The provider does not accept the account's key; correct it, then give the same command again."
    if isinstance(error, QuotaExceeded):
        return "The account has no quota left; top it up or upgrade it, then give the same command again."
    return "The provider cannot be reached or asks to wait; give the same command again later."
