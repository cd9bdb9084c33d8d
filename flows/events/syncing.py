"""Brings a sheet up to date because somebody asks for it, whatever was left undone before."""

from __future__ import annotations

import asyncio

from connectors.sheets import RowResult, SheetError
from flows.events.writeback import LOOK, WAITS, write_batch, write_sheet
from ledger import batches
from ledger.store import Ledger


async def sync(ledger: Ledger, sheet: str) -> list[RowResult] | None:
    """Write all that the ledger knows into this sheet; the results whose row is gone, or None if nothing was ever sent
    from it. `sheet` is its one name, see `connectors.sheets.Place`.

    Raises `SheetError` with a sentence.
    """
    newest = await batches.of_sheet(ledger, sheet)
    if newest is None:
        return None
    for _ in range(WAITS):
        missing: list[RowResult] = []
        if await write_sheet(ledger, sheet, newest.recipe, missing=missing):
            await write_batch(ledger, newest.id)  # nothing is left to write; what was due is settled by it
            return missing
        await asyncio.sleep(LOOK)
    raise SheetError(f"{sheet} is being written by another process: try again in a minute.")
