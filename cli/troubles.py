"""What in the ledger needs a person, whatever batch it belongs to; one sentence each, with ids."""

from __future__ import annotations

from ledger import inbox, outbox, reading
from ledger.store import Ledger


async def troubles(ledger: Ledger) -> list[str]:
    """Requests a provider holds twice, webhooks nothing could be made of, and follow-ups that keep failing."""
    twice = [f"{one.request_id}: {one.kind} ({one.provider_id})" for one in await reading.all_incidents(ledger)]
    dead = [
        f"Webhook {one.id} from {one.provider}/{one.account} could not be used ({one.reason}); "
        f"try it again with `esign events replay {one.id}`."
        for one in await inbox.dead(ledger)
    ]
    stuck = [
        f"{one.request_id}: '{one.kind}' has failed {one.tries} times ({one.problem}); it is tried again every hour."
        for one in await outbox.stuck(ledger)
    ]
    return twice + dead + stuck
