"""When an effect that did not work out is tried again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from ledger import outbox
from ledger.outbox import Effect
from ledger.store import Ledger

FIRST_WAIT = 5.0
LONGEST_WAIT = 3600.0


async def put_off(ledger: Ledger, effect: Effect, problem: str) -> None:
    """Try this effect again later, each time after twice as long, up to an hour; it is never given up."""
    await outbox.again(ledger, effect.id, _wait(effect.tries), problem)


async def put_off_all(ledger: Ledger, effects: Collection[Effect], problem: str) -> None:
    """The same for many at once."""
    by_tries: dict[int, list[int]] = defaultdict(list)
    for effect in effects:
        by_tries[min(effect.tries, 10)].append(effect.id)
    for tries, ids in by_tries.items():
        await outbox.all_again(ledger, ids, _wait(tries), problem)


def _wait(tries: int) -> float:
    return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(tries, 10))
