"""`esign plan`: what would happen to each row; sends nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cli.failures import AnswerIsNo, BadUsage
from cli.sheet_options import SheetOptions


async def plan(
    recipe: str,
    sheet: str,
    /,
    *,
    options: SheetOptions | None = None,
    pdf: Path | None = None,
    as_json: Annotated[bool, Parameter("--json", negative="")] = False,
) -> None:
    """Show what sending this sheet would do, and what has to be mended first; nothing is sent.

    Parameters
    ----------
    recipe
        Name of a recipe (see `esign recipes list`) or the path of its folder.
    sheet
        The spreadsheet: .csv, .tsv, .xlsx, .ods, or the address of a Google spreadsheet. With --row, all that this row
        would send is shown.
    pdf
        With --row: write the row's document to this file.
    as_json
        Print JSON for another program to read.
    """
    from ledger.settings import load_settings

    # Before Prefect is imported, which reads the environment then and never again.
    load_settings()
    from cli.plan_json import lines
    from cli.plan_page import show_plan
    from cli.planning import chosen, prepared
    from cli.row_page import show_rows, write_pdf
    from cli.tables import printable
    from flows.send.judging import BAD

    options = options or SheetOptions()
    if pdf is not None and len(options.row) != 1:
        raise BadUsage("--pdf writes the document of one row: name it with --row.")
    async with prepared(recipe, sheet, options) as ready:
        rows = chosen(ready.plan, options)
        if as_json:
            for note in ready.plan.content.notes:
                print(printable(note), file=sys.stderr)
            for line in lines(ready, rows):
                print(line)
        elif options.row:
            await show_rows(ready.ledger, ready.plan, rows)
        else:
            show_plan(ready, rows)
        if pdf is not None:
            said = write_pdf(ready.plan, rows[0], pdf)
            print(printable(said), file=sys.stderr if as_json else sys.stdout)
    if bad := sum(row.verdict in BAD for row in rows):
        raise AnswerIsNo(
            f"{bad} of {len(rows)} rows cannot be sent: correct them, or send the others with `esign send --skip-bad`."
        )
