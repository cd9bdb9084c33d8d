"""Tells the owner what needs an eye: declined, bounced, expired, failed, sent twice. Ids and row numbers, no people."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from blocks.notices import Notify
from flows.edges import kinds
from ledger import notices, outbox
from ledger.notices import Notice
from ledger.store import Ledger

AT_ONCE = 500
SHOWN = 20
"""Requests named in one message; who has more of them has a sheet to look at."""
SECONDS = 30.0
AGAIN_AFTER = 60.0
"""Seconds until the way is looked for again, after it was not found."""

WORDS = {
    "declined": "declined",
    "bounced": "could not be delivered",
    "expired": "expired",
    "failed": "failed at the provider",
    "twice": "may have been sent twice",
}

FindNotify = Callable[[], Awaitable[Notify | None]]
"""Looks for the way to tell; None where nobody wants to be told."""

logger = logging.getLogger(__name__)


async def nobody() -> Notify | None:
    """Where no way is set up."""
    return None


async def give_notice(ledger: Ledger, find: FindNotify) -> int:
    """Tell what is due in one message; how many pieces of news that was.

    They are marked before the message goes out, so that a crash tells nobody twice; a message of which nobody knows
    whether it went out counts as told, and `esign request show` says so. Where no way is found, it is looked for again
    in a while.
    """
    due = await notices.due(ledger, AT_ONCE)
    if not due:
        return 0
    try:
        notify = await find()
    except Exception as error:
        await outbox.all_again(ledger, [one.effect_id for one in due], AGAIN_AFTER, ", ".join(kinds(error)))
        return 0
    await outbox.done(ledger, [(one.effect_id, one.version) for one in due])
    if notify is not None:
        try:
            async with asyncio.timeout(SECONDS):
                await notify(subject(due), text(due))
        except Exception as error:
            problem = f"The message may not have gone out ({', '.join(kinds(error))})."
            logger.warning("Telling the owner did not work (%s).", ", ".join(kinds(error)))
            await notices.unclear(ledger, due, problem)
    return len(due)


def subject(due: Sequence[Notice]) -> str:
    """How many of what."""
    counted = Counter(one.what for one in due)
    return "prefect-esign: " + ", ".join(f"{number} {WORDS.get(what, what)}" for what, number in counted.items())


def text(due: Sequence[Notice]) -> str:
    """Which requests, by id and row."""
    shown = due[:SHOWN]
    lines = [f"{WORDS.get(one.what, one.what)}: {one.request_id} (row {one.row} of {one.batch_id})" for one in shown]
    if len(due) > SHOWN:
        lines.append(f"and {len(due) - SHOWN} more; `esign status` and the sheet show them all")
    # Of an invitation that did not arrive there is most to be said: what can be done about it.
    first = next((one for one in due if one.what == "bounced"), due[0])
    return "\n".join([*lines, "", f"`esign request show {first.request_id}` says more, and what can be done."])
