"""What in the ledger needs a person, whatever batch it belongs to; one sentence each, with ids."""

from __future__ import annotations

from ledger import inbox, outbox, reading, settling
from ledger.store import Ledger

MOST = 20
"""Sentences of one kind; who has more of them has one cause."""


async def troubles(ledger: Ledger) -> list[str]:
    """Requests that may have been sent, those a provider holds twice, webhooks nothing could be made of, and follow-ups
    that keep failing."""
    twice = [f"{one.request_id}: {one.kind} ({one.provider_id})" for one in await reading.all_incidents(ledger, MOST)]
    dead = [
        f"Webhook {one.id} from {one.provider}/{one.account} could not be used ({one.reason}); "
        f"try it again with `esign events replay {one.id}`."
        for one in await inbox.dead(ledger, MOST)
    ]
    stuck = [
        f"{one.request_id}: '{one.kind}' has failed {one.tries} times ({one.problem}); it is tried again every hour."
        for one in await outbox.stuck(ledger, MOST)
    ]
    return [*await uncertain(ledger), *twice, *dead, *stuck]


def about_strangers(number: int) -> str | None:
    """So many webhooks are about requests not known here, as a sentence; that needs nobody."""
    if not number:
        return None
    return (
        f"{number} webhook{'' if number == 1 else 's'} about requests not known here (made by hand at the provider, or "
        "not recorded yet): kept, and applied should such a request turn up."
    )


async def uncertain(ledger: Ledger) -> list[str]:
    """How many requests of each account may or may not have been sent, and what becomes of them."""
    unclear = await settling.unclear_accounts(ledger)
    if not unclear:
        return []
    from connectors.signing.provider import Capability
    from connectors.signing.registry import PROVIDERS

    said = []
    for (provider, account), (number, first) in unclear.items():
        known = PROVIDERS.get(provider)
        looked_up = known is not None and Capability.FIND in known.capabilities
        by_itself = (
            "they are looked up every five minutes while everything is up; one that stays unclear is yours: "
            if looked_up
            else f"{known.title if known else provider} cannot be searched for them: "
        )
        said.append(
            f"{number} requests of {provider}/{account} may or may not have been sent, and are never sent again "
            f"blindly; {by_itself}look there, then `esign request resolve {first} --sent ID`, or --not-sent."
        )
    return said
