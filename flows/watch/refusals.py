"""Shows in a watched sheet why rows that say yes do not go out, and takes that away again; writes only what changes."""

from __future__ import annotations

from collections.abc import AsyncIterator

from connectors import sheets
from connectors.sheets import RowResult
from flows.events.writeback import write_results
from flows.send.plan import PlanRow
from flows.watch.looking import Looked
from ledger.store import Ledger

STATUS, PROBLEM, REFUSED = "esign status", "esign problem", "refused"


async def show_refusals(ledger: Ledger, looked: Looked) -> bool:
    """Write what is not there yet; False if another writer is at the sheet. Raises `SheetError` with a sentence."""
    results = refusals(looked, elsewhere=_elsewhere(looked.plan.sheet))
    if not results:
        return True

    async def gathered() -> AsyncIterator[list[RowResult]]:
        yield results

    return await write_results(ledger, looked.plan.sheet, looked.plan.sending.recipe, gathered)


def refusals(looked: Looked, *, elsewhere: bool = False) -> list[RowResult]:
    """Whatever says "refused" in the sheet and is not any more loses it, if no request of ours stands in its row.

    `elsewhere`: results are shown in a file beside the sheet, so that what they say is not seen here.
    """
    bad = {row.row: row for row in looked.bad}
    results = []
    for row in looked.plan.rows:
        cells = looked.plan.content.rows[row.at].cells
        there = (cells.get(STATUS, ""), cells.get(PROBLEM, ""))
        if row.row in bad:
            wanted = (REFUSED, row.problem or "")
        elif (elsewhere or there[0] == REFUSED) and row.known is None and not cells.get("esign id"):
            wanted = ("", "")
        else:
            continue
        if elsewhere or wanted != there:
            results.append(_result(row, *wanted))
    return results


def _elsewhere(sheet: str) -> bool:
    """Whether there is a file beside this sheet that shows its results."""
    shown = sheets.shown_in(sheet)
    return shown != sheet and sheets.locate(shown).path.exists()


def _result(row: PlanRow, status: str, problem: str) -> RowResult:
    return RowResult(row=row.row, key=row.key, values={STATUS: status, PROBLEM: problem})
