"""Looks through providers' lists for what their webhooks should have told, within a budget of calls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from connectors.signing.model import Snapshot
from connectors.signing.provider import Capability, Provider
from connectors.signing.registry import PROVIDERS
from flows.accounts import Accounts
from flows.edges import kinds
from ledger import overlooked
from ledger.overlooked import Account, Lost
from ledger.store import Ledger


@dataclass
class Looked:
    """What came of one account; `unseen` open requests were not in what was read of its list, `problem` says why."""

    account: Account
    calls: int = 0
    unseen: int = 0
    lost: list[Lost] = field(default_factory=list)
    problem: str | None = None
    listed: dict[str, Snapshot] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        name = f"{self.account.provider}/{self.account.account}"
        said = [f"{self.calls} calls", f"{len(self.lost)} lost webhooks made up for"] if self.calls else []
        said += [f"{self.unseen} open requests not seen"] if self.unseen else []
        return f"{name}: {', '.join([*said, *([self.problem] if self.problem else [])])}"


async def look_for_lost(
    ledger: Ledger, accounts: Accounts, calls: int, patience_seconds: float, catch_up: Callable[[], Awaitable[None]]
) -> list[Looked]:
    """List every account's newest requests, in at most so many calls each, and take in what we had not heard of.

    A webhook may just be on its way. So where a list says more than the ledger, we wait for `patience_seconds`, apply
    what has come meanwhile, and call lost only what is still missing then.
    """
    looked = []
    for account, number in (await overlooked.accounts(ledger)).items():
        one = Looked(account, unseen=number)
        looked.append(one)
        try:
            await _list(ledger, accounts, one, calls)
        except Exception as error:  # one account that cannot be asked keeps no other from being asked
            one.problem = f"the list could not be read ({', '.join(kinds(error))})"
    behind = [one for one in looked if await _overlooked(ledger, one, keep=False)]
    if behind:
        await asyncio.sleep(patience_seconds)
        await catch_up()
    for one in behind:
        one.lost = await _overlooked(ledger, one, keep=True)
    return looked


async def _list(ledger: Ledger, accounts: Accounts, one: Looked, calls: int) -> None:
    """Read the list until all open requests were seen, it ends, or the budget does."""
    name = one.account.provider
    if name not in PROVIDERS or Capability.LIST not in PROVIDERS[name].capabilities:
        one.problem = "it has no list that says how requests stand"
        return
    provider = await accounts.client(name, one.account.account)
    one.problem = _refused(provider, one.account)
    if one.problem:
        return
    after: int | None = 0
    while after is not None and one.unseen > 0:
        if one.calls >= calls:
            one.problem = "the calls for this run were used up"
            return
        await accounts.turn(provider)
        one.calls += 1
        page = await provider.recent(after)
        found = await overlooked.ours(ledger, one.account, page.requests)
        one.unseen -= len(found.keys() - one.listed.keys())
        one.listed |= {request_id: snapshot.model_copy(update={"raw": {}}) for request_id, snapshot in found.items()}
        after = page.next


def _refused(provider: Provider, account: Account) -> str | None:
    if not provider.settings.reconcile:
        return "switched off in its settings"
    if provider.settings.base_url != account.base_url:
        return "its address is another now than when these were sent"
    return None


async def _overlooked(ledger: Ledger, one: Looked, *, keep: bool) -> list[Lost]:
    """In portions, since the requests are locked meanwhile."""
    listed, portion = list(one.listed.values()), 200
    lost: list[Lost] = []
    for first in range(0, len(listed), portion):
        lost += await overlooked.overlooked(ledger, one.account, listed[first : first + portion], keep=keep)
    return lost
