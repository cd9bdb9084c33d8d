"""Brings a batch's sheet up to date after a verb; a sheet that cannot be written now is written later."""

from __future__ import annotations

from connectors.sheets import SheetError
from flows.edges import kinds
from flows.events.writeback import write_batch
from ledger.store import Ledger


async def show_in_sheet(ledger: Ledger, batch_id: str) -> str | None:
    """The sentence that says why the sheet is not up to date, if it is not; the sweep tries again."""
    try:
        await write_batch(ledger, batch_id)
    except SheetError as error:
        return str(error)
    except Exception as error:
        return f"The sheet could not be brought up to date now ({', '.join(kinds(error))}); that happens by itself."
    return None
