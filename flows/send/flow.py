"""Sends a batch as a Prefect run: one task a chunk, a canary first if wanted, and a table of what needs an eye."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.edges import edge, kinds
from flows.room import opened
from flows.send.approval import approved, can_suspend, run_id
from flows.send.artifact import show_batch, showing_progress
from flows.send.chunks import in_task
from flows.send.held import refuse_paused, release_paused, sentence
from flows.send.job import CannotSend, run_batch
from flows.send.leaving import our_part
from flows.send.prepare import prepare, today
from flows.send.progress import Outcome, Tell, silent
from flows.send.refusals import show_refused
from flows.send.share_flow import start_shares
from flows.send.sharing import may_be_shared, refuse_sharing_a_file, while_shared
from ledger import batches, gates, planning
from ledger.batches import Batch
from ledger.gates import Gate
from ledger.settings import Settings
from ledger.store import Ledger

PAUSED, WAITS = "Paused by a person", "Waits for a yes"
"""Names of the states in which a run ends in good order although rows are left."""

_listener: ContextVar[Tell] = ContextVar("listener", default=silent)


@contextmanager
def listening(tell: Tell) -> Iterator[None]:
    """Let `tell` hear how a batch stands that is sent by `send_batch` inside the block, in this process."""
    token = _listener.set(tell)
    try:
        yield
    finally:
        _listener.reset(token)


@flow(name="send-batch", persist_result=False)
@edge
async def send_batch(
    batch: str | None = None,
    recipe: str | None = None,
    sheet: str | None = None,
    account: str | None = None,
    provider: str | None = None,
    campaign: str | None = None,
    rows: list[int] | None = None,
    limit: int | None = None,
    skip_bad: bool = False,
    again: bool = False,
    confirm_live: int | None = None,
    canary: int | None = None,
    approval_hours: float = 24.0,
    resume: bool = False,
    workers: int = 1,
) -> State[None]:
    """Send a frozen batch, or plan and send a sheet with a recipe; safe to repeat.

    Args:
        batch: Id of a batch that is frozen already; the sheet is not read again.
        recipe: Name of the recipe, where there is no batch yet.
        sheet: Absolute path of the sheet on the worker's machine, or the address of a Google spreadsheet.
        account: Name of the account, if not the recipe's own.
        provider: Name of the provider, if not the recipe's own.
        campaign: What this sending is called, if not the recipe's own.
        rows: Numbers of the rows to send; all unless given.
        limit: How many rows to send at most.
        skip_bad: Send the good rows although others cannot be sent.
        again: Send anew what the provider refused, with what the sheet says now; not with a frozen batch.
        confirm_live: The number of rows that will be sent; an account in live mode sends nothing without it.
        canary: How many rows go out first; the others wait for a person's yes.
        approval_hours: How long that yes is waited for; after that the batch stays paused.
        resume: Go on although a person paused the batch.
        workers: How many runs send it side by side; more than one needs a ledger on Postgres.
    """
    with our_part():
        async with opened() as (settings, ledger):
            if workers > 1:
                refuse_sharing_a_file(settings)
            # Started again after an answer, this run finds its batch by its gate; the sheet is not read again.
            gate = await gates.of_run(ledger, run_id() or "")
            if gate is not None:
                batch = gate.batch_id
            elif batch is None:
                planned = await _frozen(
                    ledger, settings, recipe, sheet, account, provider, campaign, rows, limit, skip_bad, again, resume
                )
                if isinstance(planned, State):
                    return planned
                batch = planned
            elif resume:
                await batches.release(ledger, batch)
            if gate is None:
                shared = workers > 1 and await may_be_shared(ledger, await _batch(ledger, batch), rows, limit)
                if (waiting := await _waiting_live(ledger, batch, rows, limit)) is not None:
                    if waiting != (confirm_live or 0):
                        return Failed(message=_unconfirmed(batch, waiting))
                    limit = waiting  # settling may plan more, to which nobody said yes
                if canary:
                    gate = await _gate(ledger, batch, canary, rows, limit)
            if gate is None:
                return await send_and_show(ledger, settings, batch, rows, limit, workers if shared else 1)
            return await send_behind_gate(ledger, settings, gate, rows, limit, approval_hours)


async def send_and_show(
    ledger: Ledger,
    settings: Settings,
    batch: str,
    rows: Collection[int] | None,
    limit: int | None,
    workers: int = 1,
) -> State[None]:
    """Send, show the table, and say how it ended."""

    async def send() -> Outcome:
        async with showing_progress(batch, _listener.get()) as tell:
            return await run_batch(
                ledger, batch, settings, only_rows=rows, limit=limit, tell=tell, chunk=in_task(batch)
            )

    if workers > 1:
        outcome = await while_shared(ledger, batch, send, lambda: start_shares(batch, workers - 1))
    else:
        outcome = await send()
    await _show(ledger, batch)
    numbers = f"{batch}: {outcome.sent} sent, {outcome.refused} refused, {outcome.unclear} unclear"
    now = await _batch(ledger, batch)
    if now.state == "held":
        return Completed(name=PAUSED, message=f"{numbers}. {sentence(now)}")
    if outcome.paused is not None:
        return Failed(name="Paused itself", message=f"{numbers}. {outcome.paused}")
    return Completed(message=f"{numbers}, {outcome.planned} still planned.")


async def _gate(ledger: Ledger, batch: str, canary: int, rows: list[int] | None, limit: int | None) -> Gate | None:
    """The gate behind the first rows; None where there are no others, or where a person has paused the batch."""
    if (limit is not None and limit <= canary) or await batches.held(ledger, [batch]):
        return None
    return await gates.make(ledger, batch, run_id(), canary, rows)


async def send_behind_gate(
    ledger: Ledger, settings: Settings, gate: Gate, rows: list[int] | None, limit: int | None, hours: float
) -> State[None]:
    """Send the first rows, ask about the others, and send those once somebody said yes."""
    if gate.asked_at is None and not gate.last_row:
        gate = await gates.ask(ledger, gate, rows, limit)
    elif gate.asked_at is None:
        first = await gates.canary_rows(ledger, gate, rows)
        sent = await send_and_show(ledger, settings, gate.batch_id, first.rows, first.number)
        if not sent.is_completed() or sent.name == PAUSED:
            return sent
        gate = await gates.ask(ledger, gate, rows, None if limit is None else limit - first.number)
    found = await _batch(ledger, gate.batch_id)
    if gate.answer is None and not can_suspend():
        return Completed(name=WAITS, message=f"{found.id}: {sentence(found)}")
    state = await gates.answer(ledger, gate, await approved(ledger, found, gate, hours))
    if state == "done":
        return Completed(message=f"{found.id}: nothing is left to be sent.")
    if state == "held":
        return Completed(name=PAUSED, message=f"{found.id}: {sentence(await _batch(ledger, found.id))}")
    left = await gates.others(ledger, gate, rows)
    return await send_and_show(ledger, settings, found.id, left.rows, gate.waiting)


async def _batch(ledger: Ledger, batch_id: str) -> Batch:
    if (found := await batches.batch(ledger, batch_id)) is None:
        raise CannotSend("The ledger knows no batch of this id; `esign status` lists those it knows.")
    return found


async def _frozen(
    ledger: Ledger,
    settings: Settings,
    recipe: str | None,
    sheet: str | None,
    account: str | None,
    provider: str | None,
    campaign: str | None,
    rows: list[int] | None,
    limit: int | None,
    skip_bad: bool,
    again: bool,
    resume: bool,
) -> str | State[None]:
    """Plan the sheet and freeze it; the batch's id, or the state that says why not. Bad rows are shown in the sheet."""
    if recipe is None or sheet is None:
        raise CannotSend("Give either a batch, or a recipe and a sheet.")
    prepared = await prepare(
        ledger,
        settings,
        recipe,
        sheet,
        account=account,
        provider=provider,
        campaign=campaign,
        rows=rows,
        limit=limit,
        again=again,
        today=today(),
    )
    bad = prepared.plan.refused
    if bad and not skip_bad:
        await show_refused(ledger, prepared.plan)
        return Failed(
            message=f"{len(bad)} of {len(prepared.plan.rows)} rows cannot be sent, for example row {bad[0].row}; "
            "the sheet says why. Correct them, or run again with skip_bad."
        )
    await (release_paused if resume else refuse_paused)(ledger, prepared.plan)
    return (await planning.freeze(ledger, prepared.plan.draft(), again=prepared.again)).batch_id


async def _waiting_live(ledger: Ledger, batch_id: str, rows: list[int] | None, limit: int | None) -> int | None:
    """How many requests would go out for real; None for a batch of trials."""
    found = await batches.batch(ledger, batch_id)
    if found is None or found.mode == "test":
        return None
    planned = await batches.planned(ledger, batch_id, rows)
    return planned if limit is None else min(planned, limit)


def _unconfirmed(batch_id: str, waiting: int) -> str:
    return f"{batch_id}: this sends {waiting} live requests; run it again with confirm_live={waiting}."


async def _show(ledger: Ledger, batch_id: str) -> None:
    """Show the batch's table, if that is possible: what was sent stays sent."""
    try:
        await show_batch(ledger, batch_id)
    except Exception as error:
        get_run_logger().warning("The table of %s could not be shown: %s.", batch_id, ", ".join(kinds(error)))
