"""Puts together what sends a batch: its pace, its documents, its addresses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from connectors.signing.provider import Provider
from flows.lease import process_name
from flows.send.addresses import addresses
from flows.send.drawing import drawing
from flows.send.fitting import Fitting
from flows.send.pace import MARGIN, Pace, loop_clock
from flows.send.progress import Tally
from flows.send.sender import Sender
from ledger import settling
from ledger.batches import Batch
from ledger.settings import Settings
from ledger.store import Ledger


@asynccontextmanager
async def sender_for(
    ledger: Ledger,
    batch: Batch,
    settings: Settings,
    provider: Provider,
    tally: Tally,
    *,
    only_rows: Collection[int] | None = None,
    margin: float = MARGIN,
) -> AsyncIterator[Sender]:
    """The sender of a batch in this process; `tally` counts what it does. Other processes may have theirs."""
    kind = type(provider)
    async with drawing(kind, ledger, batch.id, tally.total, only_rows) as draw:
        yield Sender(
            ledger,
            batch.id,
            batch.account,
            provider,
            Pace(
                provider.settings,
                known_good=await settling.known_good(ledger, batch.provider, batch.account, batch.mode),
                clock=loop_clock,
                margin=margin,
            ),
            owner=process_name(),
            fitting=Fitting(kind, addresses(settings, kind, batch.account, batch.base_url), draw),
            only_rows=only_rows,
            tell=lambda result: tally.count(result.verdict),
            waiting=lambda seconds: tally.note(f"The provider asks to wait {seconds:.0f} s.") if seconds >= 1 else None,
        )
