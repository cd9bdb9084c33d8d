"""`esign plan`: what would happen to each row; sends nothing."""

from __future__ import annotations

import json
from typing import Annotated

from cyclopts import Parameter

from cli.failures import AnswerIsNo
from cli.sheet_options import SheetOptions


async def plan(
    recipe: str,
    sheet: str,
    /,
    *,
    options: SheetOptions | None = None,
    as_json: Annotated[bool, Parameter("--json", negative="")] = False,
) -> None:
    """Show row by row what sending this sheet would do; nothing is sent.

    Parameters
    ----------
    recipe
        Name of a recipe (see `esign recipes list`) or the path of its folder.
    sheet
        The spreadsheet.
    as_json
        Print JSON for another program to read.
    """
    from ledger.settings import load_settings

    # Before Prefect is imported, which reads the environment then and never again.
    load_settings()
    from cli.planning import chosen, prepared, show_plan
    from flows.send.plan import PlanVerdict

    options = options or SheetOptions()
    async with prepared(recipe, sheet, options) as ready:
        rows = chosen(ready.plan, options)
    if as_json:
        facts = [{"row": r.row, "key": r.key, "verdict": r.verdict, "problem": r.problem} for r in rows]
        print(
            json.dumps(
                {"hash": ready.plan.hash, "notes": ready.plan.notes, "rows": facts}, indent=2, ensure_ascii=False
            )
        )
    else:
        show_plan(ready.plan, rows)
    if bad := sum(row.verdict is PlanVerdict.REFUSED for row in rows):
        raise AnswerIsNo(
            f"{bad} of {len(rows)} rows cannot be sent: correct them, or send the others with `esign send --skip-bad`."
        )
