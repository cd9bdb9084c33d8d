"""Clears up attempts whose outcome is unclear, by looking for our marks at the provider; nothing is taken on trust."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from connectors.signing.errors import ConnectorError
from connectors.signing.model import Lookup
from connectors.signing.provider import Capability, Provider
from flows.send.prepare import fingerprint
from ledger import settling
from ledger.settling import Settled
from ledger.store import Ledger

LOOK = 1.0
"""Seconds between looks at other processes' claims."""


async def settle_account(ledger: Ledger, provider: Provider, account: str, mode: str) -> Settled:
    """Turn expired claims into unclear ones and settle what a look-up can settle.

    A mark that is found was sent. One that is not found is planned again only where the look-up is conclusive; the
    ledger decides that. A provider that cannot be searched, or does not answer, leaves everything as it is; so does
    another account that has taken over the name.
    """
    await settling.expire_claims(ledger)
    unclear = await settling.unclear(ledger, provider.name, account, mode)
    behind_the_name = (provider.settings.base_url, fingerprint(provider.settings))
    ours = [row for row in unclear if (row.base_url, row.fingerprint) == behind_the_name]
    if not ours:
        return Settled(found=0, absent=0, left=len(unclear))
    try:
        lookup = await provider.find({row.ref for row in ours}) if can_find(provider) else Lookup()
    except ConnectorError:
        lookup = Lookup()
    settled = await settling.settle(ledger, ours, lookup, provider.settings.settle_seconds)
    return settled.model_copy(update={"left": settled.left + len(unclear) - len(ours)})


def can_find(provider: Provider) -> bool:
    """Whether the provider can be searched for our marks."""
    return Capability.FIND in provider.capabilities


async def wait_for_others(ledger: Ledger, batch_id: str, tell: Callable[[int, float], None]) -> bool:
    """Wait until no process holds a claim on this batch; True if there was one.

    A living process finishes its rows, a dead one's lease runs out: either ends within the lease. Claims are never
    taken from anybody.
    """
    waited = False
    while True:
        count, seconds = await settling.live_claims(ledger, batch_id)
        if count == 0:
            return waited
        waited = True
        tell(count, seconds)
        await asyncio.sleep(min(LOOK, max(0.05, seconds)))
