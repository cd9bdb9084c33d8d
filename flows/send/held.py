"""Keeps a sending from going on with rows whose batch a person has paused, unless that person says so."""

from __future__ import annotations

from flows.send.plan import Plan
from ledger import batches
from ledger.batches import Batch
from ledger.states import RequestState
from ledger.store import Ledger


class PausedByPerson(Exception):
    """A person paused the batch that these rows are in; only a person's word sends them."""

    public = True


async def refuse_paused(ledger: Ledger, plan: Plan) -> None:
    """Raise `PausedByPerson` if rows that would be sent are planned in a batch that waits for a person.

    A corrected sheet makes a new batch, to which such rows would move: the pause would be undone without anybody
    saying so.
    """
    planned = {row.known.batch_id for row in plan.send if row.known and row.known.state is RequestState.PLANNED}
    for one in await batches.held(ledger, planned):
        raise PausedByPerson(
            f"Nothing was sent: rows of this sheet are in batch {one.id}. {sentence(one)} To send them with what the "
            "sheet says now, send it with --resume."
        )


async def release_paused(ledger: Ledger, plan: Plan) -> None:
    """A person said to go on with this sheet: the batches its rows wait in are open again."""
    planned = {row.known.batch_id for row in plan.send if row.known and row.known.state is RequestState.PLANNED}
    for one in await batches.held(ledger, planned):
        if one.hash == plan.hash:  # others lose these rows to a new batch; what else they hold stays paused
            await batches.release(ledger, one.id)


def pause_sentence(batch_id: str) -> str:
    """Why a batch that a person paused sends nothing."""
    return f"A person paused it; `esign batch resume {batch_id}` goes on."


def sentence(batch: Batch) -> str:
    """Why this batch waits for a person."""
    return batch.paused_because or pause_sentence(batch.id)
