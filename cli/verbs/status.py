"""`esign status`: where everything stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cli.failures import AnswerIsNo
from cli.tables import Lines

if TYPE_CHECKING:
    from ledger.batches import Batch, Counts
    from ledger.overview import Overview
    from ledger.reading import RowStatus
    from ledger.store import Ledger

MOST = 60
"""Rows on one page; a larger batch shows those that need a person."""
COLUMNS = ("row", "status", "waiting for", "last event", "problem", "document")


async def status(
    batch: str | None = None,
    /,
    *,
    every: Annotated[bool, Parameter("--all", negative="")] = False,
    state: str | None = None,
    as_json: Annotated[bool, Parameter("--json", negative="")] = False,
) -> None:
    """Show the newest batch, or the one named: how many rows stand where, and which ones need a person.

    Parameters
    ----------
    batch
        Id of a batch (`bat_…`).
    every
        Show every row, however many there are.
    state
        Show every row in this state (planned, sent, completed, failed, refused, …).
    as_json
        Print JSON for another program to read; with the same choice of rows.
    """
    from cli.troubles import about_strangers, troubles
    from ledger import delivered, planning
    from ledger.overview import overview
    from ledger.settings import load_settings
    from ledger.store import Ledger

    wanted = _state(state)
    async with await Ledger.open(load_settings().ledger_url) as ledger:
        found = await planning.batch(ledger, batch) if batch else next(iter(await planning.batches(ledger, 1)), None)
        if found is None:
            raise AnswerIsNo(
                f"The ledger knows no batch {batch}; `esign status` alone shows the newest."
                if batch
                else "Nothing has been sent yet; start with `esign plan RECIPE SHEET`."
            )
        seen = await overview(ledger, found.id, MOST)
        wrong = await troubles(ledger)
        if not as_json and (strangers := about_strangers(await delivered.unmatched(ledger))):
            wrong.append(strangers)
        if every or wanted:
            await _every(ledger, found, seen.counts, wanted, wrong, as_json=as_json)
        elif as_json:
            _print_json(found, seen, wrong)
        else:
            _print_page(found, seen, wrong)


def _state(given: str | None) -> str | None:
    from cli.failures import BadUsage
    from ledger.reading import REFUSED
    from ledger.states import RequestState

    known = [*(one.value for one in RequestState), REFUSED]
    if given is None or given.replace(" ", "_") in known:
        return given and given.replace(" ", "_")
    raise BadUsage(f"There is no state '{given}'; there is: {', '.join(known)}.")


def _head(batch: Batch, counts: Counts) -> None:
    print(f"{batch.id}  {batch.recipe}  {batch.provider}/{batch.account}  {batch.mode}  {batch.state}")
    if batch.paused_because:
        print(batch.paused_because)
    words = {"already": "already in another batch"}
    print(
        ", ".join(f"{number} {words.get(state, state.replace('_', ' '))}" for state, number in counts.items() if number)
    )


def _cells(row: RowStatus) -> tuple[object, ...]:
    return (row.row, row.state, row.waiting_for, row.last_event, row.problem, row.document)


def _print_page(batch: Batch, seen: Overview, wrong: list[str]) -> None:
    _head(batch, seen.counts)
    if seen.rows:
        with Lines(COLUMNS) as lines:
            for row in seen.rows:
                lines.add(_cells(row))
    if not seen.whole:
        shown = f"the first {len(seen.rows)} of {seen.need}" if len(seen.rows) < seen.need else f"the {seen.need}"
        rows = f"These are {shown} rows that need a person" if seen.need else "No row needs a person"
        print(f"{rows}; `esign status {batch.id} --state STATE` shows those of one state, --all every row.")
    for sentence in wrong:
        print(sentence)


def _facts(batch: Batch, counts: Counts, wrong: list[str]) -> dict[str, object]:
    return {"batch": batch.model_dump(mode="json"), "counts": counts, "troubles": wrong}


def _print_json(batch: Batch, seen: Overview, wrong: list[str]) -> None:
    rows = [row.model_dump(mode="json") for row in seen.rows]
    facts = _facts(batch, seen.counts, wrong) | {"whole": seen.whole, "need_a_person": seen.need, "rows": rows}
    print(json.dumps(facts, indent=2, ensure_ascii=False))


async def _every(
    ledger: Ledger, batch: Batch, counts: Counts, state: str | None, wrong: list[str], *, as_json: bool
) -> None:
    """Print row after row as the ledger hands them out; a million of them are never held together."""
    from ledger.overview import every_row

    rows = every_row(ledger, batch.id, state)
    if as_json:
        print(json.dumps(_facts(batch, counts, wrong) | {"whole": state is None}, ensure_ascii=False)[:-1], end="")
        print(', "rows": [', end="")
        between = "\n"
        async for row in rows:
            print(between + json.dumps(row.model_dump(mode="json"), ensure_ascii=False), end="")
            between = ",\n"
        print("]}")
        return
    _head(batch, counts)
    with Lines(COLUMNS) as lines:
        async for row in rows:
            lines.add(_cells(row))
    for sentence in wrong:
        print(sentence)
