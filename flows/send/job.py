"""Sends a frozen batch from wherever it stands: settle, send, wait for others, settle again, write back. No Prefect."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace

from connectors.signing.provider import Provider, ProviderSettings
from flows.accounts import Accounts, OpenAccount, provider_for
from flows.send.assembling import sender_for
from flows.send.garbage import seldom_looked_for
from flows.send.pace import MARGIN
from flows.send.patience import ending_in_order
from flows.send.prepare import fingerprint
from flows.send.progress import Outcome, Progress, Tally, Tell, silent
from flows.send.sender import Sender
from flows.send.settle import settle_account, wait_for_others
from flows.send.showing import showing
from ledger import batches
from ledger.batches import Batch
from ledger.settings import Settings
from ledger.states import RequestState
from ledger.store import Ledger

FIRST_CHUNK, LONGEST_CHUNK = 500, 8000
"""Rows in the first chunk, and at most; each is twice as long as the one before, since at a chunk's end the calls under
way are waited for. A chunk is one task run in Prefect."""
ROUNDS = 3
"""How often rows that another process or a settled attempt gave back are sent in one run."""

Chunk = Callable[[int, Callable[[], Awaitable[int]]], Awaitable[int]]
"""Runs one chunk: its number and the work; answers what the work answered. Prefect wraps a task around it."""


class CannotSend(Exception):
    """The batch cannot be sent as it stands; the sentence says what to do."""

    public = True


async def plainly(_: int, work: Callable[[], Awaitable[int]]) -> int:
    """Run a chunk as it is."""
    return await work()


async def run_batch(
    ledger: Ledger,
    batch_id: str,
    settings: Settings,
    *,
    only_rows: Collection[int] | None = None,
    limit: int | None = None,
    open_account: OpenAccount = provider_for,
    tell: Tell = silent,
    chunk: Chunk = plainly,
    margin: float = MARGIN,
) -> Outcome:
    """Send what is planned in this batch, and say how it ended. Safe to repeat, and beside another that runs.

    `only_rows` are row numbers of the sheet, `limit` a number of rows, `tell` hears how it stands,
    `margin` is how many seconds a claim outlives its call (less than the usual is for rehearsing crashes). Raises
    `CannotSend` and `AccountNotFound` with a sentence before anything is sent. Cancelled, or told to end by SIGTERM,
    it lets the calls under way finish, records them and passes that on.
    """
    batch = await batches.batch(ledger, batch_id)
    if batch is None:
        raise CannotSend("The ledger knows no batch of this id; `esign status` lists those it knows.")
    with ending_in_order(), seldom_looked_for():
        async with Accounts(open_account) as accounts:
            provider = await accounts.client(batch.provider, batch.account)
            require_same_account(batch, provider.settings)
            rows = await _planned(ledger, batch_id, limit)
            async with showing(ledger, settings.ledger_url, batch_id, rows) as finish:
                try:
                    outcome = await _send(ledger, batch, settings, provider, only_rows, limit, tell, chunk, margin)
                finally:
                    problem = await finish()
    if problem is not None:
        tell(Progress(outcome.attempted, outcome.sent, outcome.refused, outcome.unclear, problem))
    return replace(outcome, sheet_problem=problem)


async def _send(
    ledger: Ledger,
    batch: Batch,
    settings: Settings,
    provider: Provider,
    only_rows: Collection[int] | None,
    limit: int | None,
    tell: Tell,
    chunk: Chunk,
    margin: float,
) -> Outcome:
    await settle_account(ledger, provider, batch.account, batch.mode)
    await batches.reopen(ledger, batch.id)
    planned = (await batches.counts(ledger, batch.id)).get(RequestState.PLANNED, 0)
    wanted = planned if only_rows is None else len(only_rows)
    tally = Tally(min(planned, wanted, planned if limit is None else limit), tell)
    making = sender_for(ledger, batch, settings, provider, tally, only_rows=only_rows, margin=margin)
    async with making as sender:
        await _rounds(ledger, batch, provider, sender, limit, chunk, tally)
    await batches.finish(ledger, batch.id)
    counts = await batches.counts(ledger, batch.id)
    now = await batches.batch(ledger, batch.id)  # a person may have paused it meanwhile
    paused = sender.paused or (now.paused_because if now else None)
    return Outcome(batch.id, counts, tally.sent, tally.refused, tally.unclear, paused)


async def _rounds(
    ledger: Ledger, batch: Batch, provider: Provider, sender: Sender, left: int | None, chunk: Chunk, tally: Tally
) -> None:
    """Send until nothing is left, settling in between what this or another process left unclear."""
    limited = left is not None
    for _ in range(ROUNDS):
        left = await send_chunks(sender, left, chunk)
        if sender.paused or (limited and not left):
            return
        others = await wait_for_others(
            ledger, batch.id, lambda n, s: tally.note(f"Another process is sending {n} rows; waiting up to {s:.0f} s.")
        )
        settled = await settle_account(ledger, provider, batch.account, batch.mode)
        if not others and not settled.absent:
            return


async def send_chunks(sender: Sender, left: int | None, chunk: Chunk) -> int | None:
    """Send chunk after chunk until there are no more rows; how many of those that were `left` still are."""
    number, more, length = 1, True, FIRST_CHUNK
    while more and (left is None or left > 0):
        most = length if left is None else min(length, left)
        sent = await chunk(number, lambda: sender.send(most))  # noqa: B023 - awaited before `most` changes
        more = sent == most and not sender.paused
        number, length = number + 1, min(2 * length, LONGEST_CHUNK)
        left = None if left is None else left - sent
    return left


def require_same_account(batch: Batch, account: ProviderSettings) -> None:
    """What was planned for one account never goes out through another, or for real instead of for trial."""
    if account.mode != batch.mode:
        raise CannotSend(
            f"The account is now in {account.mode} mode, the batch was planned in {batch.mode} mode; "
            "plan the sheet again."
        )
    if (account.base_url, fingerprint(account)) != (batch.base_url, batch.fingerprint):
        raise CannotSend(
            f"Account '{batch.account}' now has another key or address than when the batch was planned; "
            "plan the sheet again."
        )


async def _planned(ledger: Ledger, batch_id: str, limit: int | None) -> int:
    """How many rows there are to send, at most."""
    planned = (await batches.counts(ledger, batch_id)).get(RequestState.PLANNED, 0)
    return planned if limit is None else min(planned, limit)
