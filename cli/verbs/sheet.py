"""`esign sheet`: a new sheet for a recipe, and a sheet brought up to date."""

from __future__ import annotations

import shlex
from typing import Annotated

from cyclopts import App, Parameter

from cli.failures import AnswerIsNo

app = App(name="sheet", help_format="plaintext")

Worksheet = Annotated[
    str | None, Parameter(help="The worksheet's name in a workbook or Google spreadsheet, if it is not the first.")
]


@app.command
async def new(recipe: str, sheet: str, /, *, worksheet: Worksheet = None) -> None:
    """Make a sheet with the columns a recipe needs: what to fill in, drop-downs, formats, and a sample row.

    Parameters
    ----------
    recipe
        Name of a recipe (see `esign recipes list`) or the path of its folder.
    sheet
        Where it is to be: a .xlsx, .csv or .tsv file that is not there yet, or the address of an empty Google sheet.
    """
    from cli.tables import printable
    from connectors.sheets import locate
    from connectors.sheets.making import make
    from flows.unlocking import unlock
    from ledger.settings import load_settings
    from recipes import loading
    from recipes.sheets import column_plans, sample_rows

    load_settings()  # a `.env` may name the Google account's key
    loaded = loading.load(recipe)
    place = locate(sheet).at(worksheet)
    await unlock(place)
    make(place, column_plans(loaded), sample_rows(loaded))
    said = (
        f"{place} is ready: overwrite the sample in row 2, fill in a row for each request, and look at it with "
        f"`esign plan {shlex.quote(recipe)} {shlex.quote(str(place))}`."
    )
    print(printable(said))


@app.command
async def sync(sheet: str, /, *, worksheet: Worksheet = None) -> None:
    """Write into a sheet what the ledger knows of its rows, after it was locked, restored or sorted.

    Parameters
    ----------
    sheet
        The sheet, as it was sent.
    """
    from cli.tables import printable
    from connectors.sheets import locate, shown_in
    from flows.events.syncing import sync as bring_up_to_date
    from ledger.settings import load_settings
    from ledger.store import Ledger

    settings = load_settings()
    place = locate(sheet).at(worksheet)
    async with await Ledger.open(settings.ledger_url) as ledger:
        synced = await bring_up_to_date(ledger, str(place))
    if synced is None:
        raise AnswerIsNo(f"Nothing was ever sent from {place}: give the sheet by the path or address it was sent by.")
    print(printable(f"{shown_in(place)} shows where its rows stand."))
    if synced:
        rows = "1 request has" if len(synced) == 1 else f"{len(synced)} requests have"
        raise AnswerIsNo(
            f"{rows} no row in the sheet any more, or their keys were edited; the first one is "
            f"{synced[0].values.get('esign id') or f'row {synced[0].row}'}: `esign status` shows them all."
        )
