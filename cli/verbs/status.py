"""`esign status`: where everything stands."""

from __future__ import annotations

import json
from typing import Annotated

from cyclopts import Parameter

from cli.failures import AnswerIsNo
from cli.tables import show


async def status(
    batch: str | None = None, /, *, as_json: Annotated[bool, Parameter("--json", negative="")] = False
) -> None:
    """Show the newest batch row by row, or the one named.

    Parameters
    ----------
    batch
        Id of a batch (`bat_…`).
    as_json
        Print JSON for another program to read.
    """
    from cli.troubles import troubles
    from ledger import planning, reading
    from ledger.settings import load_settings
    from ledger.store import Ledger

    async with await Ledger.open(load_settings().ledger_url) as ledger:
        found = await planning.batch(ledger, batch) if batch else next(iter(await planning.batches(ledger, 1)), None)
        if found is None:
            raise AnswerIsNo(
                f"The ledger knows no batch {batch}; `esign status` alone shows the newest."
                if batch
                else "Nothing has been sent yet; start with `esign plan RECIPE SHEET`."
            )
        rows = await reading.rows(ledger, found.id)
        wrong = await troubles(ledger)
    if as_json:
        facts = {
            "batch": found.model_dump(mode="json"),
            "rows": [row.model_dump(mode="json") for row in rows],
            "troubles": wrong,
        }
        print(json.dumps(facts, indent=2, ensure_ascii=False))
        return
    print(f"{found.id}  {found.recipe}  {found.provider}/{found.account}  {found.mode}  {found.state}")
    if found.paused_because:
        print(found.paused_because)
    show(
        ("row", "status", "waiting for", "last event", "problem", "document"),
        [(r.row, r.state, r.waiting_for, r.last_event, r.problem, r.document) for r in rows],
    )
    for sentence in wrong:
        print(sentence)
