"""The batch verbs as Prefect runs, for whoever presses the button there; parameters are ids and numbers alone."""

from __future__ import annotations

from typing import Literal, cast

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.accounts import Accounts
from flows.batch.mail import our_mail
from flows.batch.remind import remind_now
from flows.batch.resend import plan_anew, states
from flows.batch.sheet import show_in_sheet
from flows.batch.void import prospect, void
from flows.catch_up import catch_up
from flows.edges import edge
from flows.room import opened
from flows.send.flow import send_batch
from flows.send.job import CannotSend
from ledger import batches
from ledger.batches import Batch
from ledger.store import Ledger


@flow(name="void-batch", persist_result=False)
@edge
async def void_batch(batch: str, number: int | None = None) -> State[None]:
    """Take a batch back: planned rows at once, open requests as far as the provider lets go of them.

    Args:
        batch: Id of the batch.
        number: How many requests end by it, as a run without a number says; nothing is done without the right one.
    """
    async with opened() as (settings, ledger), Accounts() as accounts:
        found = await _batch(ledger, batch)
        await catch_up(ledger, settings)
        asked = await prospect(ledger, found)
        if asked.number != (number or 0):
            return Failed(message=f"{batch}: {asked.number} requests end by this; run it again with that number.")
        done = await void(ledger, accounts, found)
        await show_in_sheet(ledger, batch)
    how = ", ".join(f"{count} {kind}" for kind, count in done.ended.items())
    message = f"{batch}: {done.planned} planned rows taken back; at the provider: {how or 'nothing'}; {done.left} left."
    return Failed(message=f"{message} {done.stopped}") if done.stopped else Completed(message=message)


@flow(name="remind-batch", persist_result=False)
@edge
async def remind_batch(batch: str) -> State[None]:
    """Remind everybody who has to sign now, but nobody who was reminded within the last day.

    Args:
        batch: Id of the batch.
    """
    async with opened() as (settings, ledger), Accounts() as accounts:
        found = await _batch(ledger, batch)
        await catch_up(ledger, settings)
        done = await remind_now(ledger, accounts, found, await our_mail(settings))
        await show_in_sheet(ledger, batch)
    message = f"{batch}: {', '.join(f'{count} {how}' for how, count in done.numbers.items()) or 'nobody to remind'}."
    return Failed(message=f"{message} {done.stopped}") if done.stopped else Completed(message=message)


@flow(name="resend-failed", persist_result=False)
@edge
async def resend_failed(
    batch: str,
    also: list[Literal["declined", "expired", "canceled"]] | None = None,
    confirm_live: int | None = None,
) -> State[None]:
    """Send anew, as a further round, what failed; what may have been sent is never among it.

    Args:
        batch: Id of the batch.
        also: What else is sent anew.
        confirm_live: The number of rows that will be sent; an account in live mode sends nothing without it.
    """
    async with opened() as (_, ledger):
        await plan_anew(ledger, await _batch(ledger, batch), states(also or ()))
    return cast(State[None], await send_batch(batch=batch, confirm_live=confirm_live, return_state=True))


async def _batch(ledger: Ledger, batch_id: str) -> Batch:
    if (found := await batches.batch(ledger, batch_id)) is None:
        raise CannotSend("The ledger knows no batch of this id; `esign status` lists those it knows.")
    return found
