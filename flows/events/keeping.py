"""Keeps a batch's sheet up to date while it is sent, and brings it up to date at the end."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from connectors.sheets import SheetError
from flows.events.writeback import Left, write_batch, write_due
from flows.kinds import kinds
from ledger.store import Ledger

logger = logging.getLogger(__name__)

WRITE_EVERY = 3.0
"""Seconds between write-backs to the sheet while sending, at least."""
WRITING_SHARE = 30
"""How many times as long as a write-back took the next one waits: a long sheet is read and written whole."""


async def keep_current(ledger: Ledger, left: Left, stop: asyncio.Event, share: float = WRITING_SHARE) -> None:
    """Write what is due every few seconds, until `stop`; `left` keeps how sheets were left.

    A write-back under way is not torn off: its thread would go on, and might put something old over something new.
    """
    clock = asyncio.get_running_loop().time
    rest = WRITE_EVERY
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(rest):
                await stop.wait()
                return
        begun = clock()
        try:
            await write_due(ledger, left)
        except Exception as error:  # the ledger may be away for a moment; whoever sends says so
            logger.info("The sheet was not kept up to date: %s.", ", ".join(kinds(error)))
        rest = max(WRITE_EVERY, share * (clock() - begun))


async def bring_up_to_date(ledger: Ledger, batch_id: str, left: Left) -> str | None:
    """Bring the whole sheet up to date; the sentence that says why not, if so. The sweep tries again."""
    try:
        await write_batch(ledger, batch_id, left)
    except SheetError as error:
        return str(error)
    except Exception as error:
        logger.warning("The sheet of %s was not brought up to date: %s.", batch_id, ", ".join(kinds(error)))
        return "The sheet could not be brought up to date now; that happens within a few minutes."
    return None
