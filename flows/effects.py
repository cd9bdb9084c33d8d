"""When an effect that did not work out is tried again."""

from __future__ import annotations

from ledger import outbox
from ledger.outbox import Effect
from ledger.store import Ledger

FIRST_WAIT = 5.0
LONGEST_WAIT = 3600.0


async def put_off(ledger: Ledger, effect: Effect, problem: str) -> None:
    """Try this effect again later, each time after twice as long, up to an hour; it is never given up."""
    await outbox.again(ledger, effect.id, min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(effect.tries, 10)), problem)
