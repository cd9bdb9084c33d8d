"""The run an `esign.inbox.ready` event starts: drain, linger, end."""

from __future__ import annotations

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from blocks.archive import ArchiveWhenNeeded
from blocks.notices import notices_of
from flows.edges import edge
from flows.events.drain import drain
from flows.room import opened


@flow(name="process-events", persist_result=False)
@edge
async def process_events(linger_seconds: float = 60.0) -> State[None]:
    """Apply what providers reported, archive what is completed, bring sheets up to date, tell Prefect.

    Ends `linger_seconds` after the last piece of work, or at once where another run drains already.
    """
    async with opened() as (settings, ledger):
        drained = await drain(
            ledger,
            ArchiveWhenNeeded(settings),
            settings.receiver_secrets,
            linger_seconds=linger_seconds,
            notify=lambda: notices_of(settings),
        )
    if drained.already_draining:
        return Completed(message="Already draining.")
    return Completed(message=", ".join(f"{count} {what}" for what, count in drained.done.items()))
