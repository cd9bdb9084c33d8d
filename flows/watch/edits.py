"""Reports rows that were edited after they were sent: by number and id alone, with what a person may do about them."""

from __future__ import annotations

from collections.abc import Collection

from prefect.artifacts import acreate_markdown_artifact

from connectors.signing.provider import Capability
from connectors.signing.registry import PROVIDERS
from flows.send.plan import PlanRow
from flows.watch.job import Turn
from ledger.drafts import Known
from ledger.states import RequestState

MOST = 200


async def show_edits(turn: Turn) -> None:
    """Show all edited rows on Prefect's page whenever there is a new one; the same key each time a sheet is watched."""
    if not turn.new_edits:
        return
    await acreate_markdown_artifact(
        markdown=edits(turn.looked.edited, turn.new_edits),
        key=f"watch-{turn.watch[:16]}-edited",
        description=f"{len(turn.new_edits)} rows were edited after they had been sent.",
    )


def edits(rows: Collection[PlanRow], new: Collection[PlanRow]) -> str:
    """A table of the rows, and the choices."""
    lines = [
        f"| {row.row}{' (new)' if row in new else ''} | `{row.known.request_id}` | {row.known.state} "
        f"| {choice(row.known)} |"
        for row in list(rows)[:MOST]
        if row.known is not None
    ]
    more = f"\n\nAnd {len(rows) - MOST} more." if len(rows) > MOST else ""
    return (
        "### Edited after sending\n\n"
        "What is in the sheet now is not what these people were sent. Nothing was sent again, and nothing will be.\n\n"
        "| row | request | state | besides leaving it as it is |\n| --- | --- | --- | --- |\n" + "\n".join(lines) + more
    )


def choice(known: Known) -> str:
    """What there is besides leaving it; only commands that exist, and only what the provider can do."""
    request_id, state = known.request_id, known.state
    if state is RequestState.UNCERTAIN:
        return f"first `esign request resolve {request_id}`, then as for one that was sent"
    anew = "`esign send RECIPE SHEET --row N --again` sends the row as it is now"
    if state is RequestState.COMPLETED:
        return "it is signed; `esign send RECIPE SHEET --row N --campaign NAME` asks anew, under another name"
    if state.terminal:
        return anew
    back = f"`esign request cancel {request_id}` takes it back, and then {anew}"
    if known.provider not in PROVIDERS or Capability.CORRECT_SIGNER not in PROVIDERS[known.provider].capabilities:
        return back
    return f"`esign request correct {request_id}` corrects a signer's name, address or number; or {back}"
