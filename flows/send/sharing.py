"""Lets several workers send one batch: further runs take rows of it for as long as the run lives that was started.

There is nothing to divide: each claims the rows that come next, no row can be claimed twice, and the account's turns
are handed out by the ledger. So a worker that is slow, or killed, leaves no part of the batch behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from flows.accounts import Accounts, OpenAccount, provider_for
from flows.lease import while_leased
from flows.send.assembling import sender_for
from flows.send.garbage import seldom_looked_for
from flows.send.job import CannotSend, Chunk, plainly, require_same_account, send_chunks
from flows.send.patience import ending_in_order
from flows.send.progress import Tally, silent
from flows.send.sender import Sender
from ledger import batches, leases
from ledger.batches import Batch
from ledger.errors import LedgerError
from ledger.settings import Settings
from ledger.states import RequestState
from ledger.store import Ledger

LEASE_SECONDS = 30.0
LOOK_SECONDS = 2.0
"""Seconds between looks at whether the main run still lives."""

T = TypeVar("T")


def refuse_sharing_a_file(settings: Settings) -> None:
    """Raise `CannotSend` where the ledger is a file, which workers on other machines do not have."""
    if settings.ledger_url.startswith("sqlite"):
        raise CannotSend(
            "Several workers share a batch only where they share the ledger: set ESIGN_LEDGER_URL to a Postgres "
            "database for all of them, or send with one worker."
        )


async def may_be_shared(ledger: Ledger, batch: Batch, rows: Collection[int] | None, limit: int | None) -> bool:
    """Whether others may take rows of this sending; `rows` and `limit` are what a person asked for.

    A part of the rows, or of their number, is for one run to keep to. So is the number somebody said yes to in a live
    batch, where rows in doubt may turn out unsent and be planned again beside those that were counted.
    """
    if rows is not None or limit is not None:
        return False
    counts = await batches.counts(ledger, batch.id)
    return batch.mode == "test" or not any(
        counts.get(state) for state in (RequestState.SENDING, RequestState.UNCERTAIN)
    )


async def while_shared(
    ledger: Ledger, batch_id: str, work: Callable[[], Awaitable[T]], start: Callable[[], Awaitable[None]]
) -> T:
    """Do the main run's `work` and `start` the others beside it; where the batch is shared already, just the work."""

    async def together() -> T:
        await start()
        return await work()

    shared = await while_leased(ledger, _name(batch_id), together, seconds=LEASE_SECONDS)
    return await work() if shared is None else shared


async def take_share(
    ledger: Ledger,
    batch_id: str,
    settings: Settings,
    *,
    open_account: OpenAccount = provider_for,
    chunk: Chunk = plainly,
) -> Tally:
    """Send rows of a batch that another run is sending, until none is left or that run has ended; how many went how.

    Settling, pausing, the sheet and the closing word are that run's. If it does not live, nothing is sent: nobody
    would have said yes to it. Raises like `run_batch`.
    """
    batch = await batches.batch(ledger, batch_id)
    if batch is None:
        raise CannotSend("The ledger knows no batch of this id; `esign status` lists those it knows.")
    if not await leases.alive(ledger, _name(batch_id)):
        return Tally(0, silent)
    tally = Tally((await batches.counts(ledger, batch_id)).get(RequestState.PLANNED, 0), silent)
    with ending_in_order(), seldom_looked_for():
        async with Accounts(open_account) as accounts:
            provider = await accounts.client(batch.provider, batch.account)
            require_same_account(batch, provider.settings)
            making = sender_for(ledger, batch, settings, provider, tally)
            async with making as sender, _leaving_with_main_run(ledger, batch_id, sender):
                await send_chunks(sender, None, chunk)
    return tally


@asynccontextmanager
async def _leaving_with_main_run(ledger: Ledger, batch_id: str, sender: Sender) -> AsyncIterator[None]:
    """Let the sender claim nothing more once the main run has ended: whoever cancels that one means the batch."""

    async def look() -> None:
        alive = True
        while alive:
            await asyncio.sleep(LOOK_SECONDS)
            with suppress(LedgerError):
                alive = await leases.alive(ledger, _name(batch_id))
        sender.leave()

    looking = asyncio.create_task(look())
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


def _name(batch_id: str) -> str:
    return f"share:{batch_id}"
