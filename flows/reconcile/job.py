"""Picks up what was left lying by crashes, lost messages and passed deadlines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flows.accounts import Accounts
from flows.edges import kinds
from flows.reconcile.deadlines import keep_deadlines
from flows.send.settle import settle_account
from ledger import batches, settling
from ledger.store import Ledger

NEWEST = 1000
"""Batches looked at for accounts with unclear attempts."""


@dataclass(frozen=True)
class Swept:
    """How much was picked up; numbers alone."""

    claims: int = 0
    found: int = 0
    absent: int = 0
    unclear: int = 0
    expired: int = 0
    failed: tuple[str, ...] = ()


async def pick_up(ledger: Ledger, accounts: Accounts, now: datetime) -> Swept:
    """Expire claims of dead processes, settle unclear attempts account by account, close what is overdue at `now`.

    An account that cannot be opened or searched does not keep the others from being settled.
    """
    claims = await settling.expire_claims(ledger)
    found = absent = unclear = 0
    failed: list[str] = []
    for provider, account, mode in await _accounts(ledger):
        try:
            if not await settling.unclear(ledger, provider, account, mode):
                continue
            settled = await settle_account(ledger, await accounts.client(provider, account), account, mode)
        except Exception as error:
            failed += kinds(error)
            continue
        found, absent, unclear = found + settled.found, absent + settled.absent, unclear + settled.left
    expired, troubles = await keep_deadlines(ledger, accounts, now)
    return Swept(claims, found, absent, unclear, expired, (*failed, *troubles))


async def _accounts(ledger: Ledger) -> list[tuple[str, str, str]]:
    known = await batches.batches(ledger, NEWEST)
    return list(dict.fromkeys((batch.provider, batch.account, batch.mode) for batch in known))
