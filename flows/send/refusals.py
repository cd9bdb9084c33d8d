"""Shows in the sheet why rows cannot be sent, when nothing has been frozen yet."""

from __future__ import annotations

from collections.abc import AsyncIterator

from connectors.sheets import RowResult
from flows.events.writeback import write_results
from flows.send.plan import Plan
from ledger.store import Ledger


async def show_refused(ledger: Ledger, plan: Plan) -> bool:
    """Write the problems of refused rows into the sheet, and take away those of rows that are good by now.

    False if another writer is at the sheet. Raises `SheetError` with a sentence.
    """

    async def results() -> AsyncIterator[list[RowResult]]:
        yield [
            *(_result(row.row, row.key, "refused", row.problem or "") for row in plan.refused),
            *(_result(row.row, row.key, "", "") for row in plan.send if row.known is None),
        ]

    return await write_results(ledger, plan.sheet, plan.sending.recipe, results)


def _result(row: int, key: str | None, status: str, problem: str) -> RowResult:
    return RowResult(row=row, key=key or "", values={"esign status": status, "esign problem": problem})
