"""How a plan looks on a terminal: what would be sent, what comes of it, and last what is to be mended, and how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from cli.planning import Ready
from cli.tables import one_line, printable, show
from connectors.signing.provider import Capability
from flows.send.grouping import Group, grouped
from flows.send.judging import BAD, WAS
from flows.send.outlook import Outlook
from flows.send.plan import Plan, PlanRow, PlanVerdict, refused_before
from recipes.faults import shortened

WORDS = {
    PlanVerdict.SEND: "to send",
    PlanVerdict.UNCHANGED: "already sent",
    PlanVerdict.EDITED: "edited since sent",
    PlanVerdict.BLOCKED: "blocked",
    PlanVerdict.DUPLICATE: "duplicate",
    PlanVerdict.REFUSED: "refused",
}
MOST_ROWS, MOST_GROUPS, MOST_CELLS = 12, 25, 8
"""What a screen holds; everything is in `--json`."""
VALUE = 60


def show_plan(ready: Ready, rows: Sequence[PlanRow]) -> None:
    """Print the page: some rows, what sending them comes to, the numbers, and what has to be mended."""
    plan = ready.plan
    print(heading(plan))
    for note in plan.content.notes:
        print(printable(note))
    _show_rows([row for row in rows if row.verdict not in BAD])
    for line in _outlook(ready.outlook):
        print(line)
    for note in plan.notes:
        print(f"Note: {printable(note)}")
    print(numbers(plan, rows))
    for line in _edited(plan, [row.row for row in rows if row.verdict is PlanVerdict.EDITED]):
        print(line)
    bad = [row for row in rows if row.verdict in BAD]
    for line in _mend(plan, bad):
        print(line)


def heading(plan: Plan) -> str:
    """What is sent through which account, and where it stands."""
    sending = plan.sending
    account = f"{sending.provider.title}, account {sending.account} ({sending.mode})"
    return printable(f"{sending.recipe} · {account} · {plan.sheet}")


def numbers(plan: Plan, rows: Sequence[PlanRow]) -> str:
    """How many rows have which verdict: `797 to send, 3 refused`."""
    counted = plan.numbers if len(rows) == len(plan.rows) else _counted(rows)
    told = [verdict for verdict in WORDS if verdict is PlanVerdict.SEND or counted[verdict]]
    return ", ".join(f"{counted[verdict]} {WORDS[verdict]}" for verdict in told)


def why(row: PlanRow) -> str:
    """What a person has to know about this row."""
    if row.known is not None and row.verdict in {PlanVerdict.UNCHANGED, PlanVerdict.EDITED}:
        way_on = "; --again sends it anew" if refused_before(row) else ""
        if not way_on and row.known.state in WAS:
            way_on = f"; --again --row {row.row} sends it anew"
        through = f"through {row.known.provider}/{row.known.account}"
        return f"already in {row.known.batch_id}, {through}: {row.known.state}{way_on}"
    return row.problem or ""


def days(dates: Sequence[date]) -> str:
    """`2 December, 6 December and 10 December 2026`, whatever language the machine speaks."""
    from recipes.language import long_date

    told = [long_date(day) for day in dates]
    told = [day.removesuffix(f" {dates[-1].year}") for day in told[:-1]] + told[-1:]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"


def lasting(seconds: float) -> str:
    """How long that is, as one would say it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _counted(rows: Sequence[PlanRow]) -> dict[PlanVerdict, int]:
    return {verdict: sum(row.verdict is verdict for row in rows) for verdict in PlanVerdict}


def _show_rows(rows: Sequence[PlanRow]) -> None:
    """The first rows; of a plan nobody looks at eight hundred."""
    if not rows:
        return
    told = [(row.row, row.key, WORDS[row.verdict], why(row)) for row in rows[:MOST_ROWS]]
    columns = ("row", "key", "what happens", "why")
    show(*(columns, told) if any(why for *_, why in told) else (columns[:3], [row[:3] for row in told]))
    if len(told) < len(rows):
        print(f"… and {len(rows) - len(told)} more rows; --row N shows what one of them sends.")


def _outlook(made: Outlook) -> Iterator[str]:
    if not made.requests:
        return
    requests = "1 request" if made.requests == 1 else f"{made.requests:,} requests"
    signers = "1 signer" if made.signers == 1 else f"{made.signers:,} signers"
    yield f"Sends {requests} to {signers}, in about {lasting(made.seconds)} at the account's rate."
    if made.reminders:
        yield f"Whoever is asked today and does not sign is reminded on {days(made.reminders)}."
    if made.expires:
        yield f"What is not signed by then expires on {days([made.expires])}."
    for warning in made.warnings:
        yield f"Note: {warning}"


def _edited(plan: Plan, rows: Sequence[int]) -> Iterator[str]:
    if not rows:
        return
    named = "Row" if len(rows) == 1 else "Rows"
    can = Capability.CORRECT_SIGNER in plan.sending.provider.capabilities
    correct = " correct a signer's name, address or number with `esign request correct` (see --row N);" if can else ""
    yield (
        f"{named} {_listed(rows)}: edited since sent, in the sheet or in the recipe. Nothing is sent for them. Leave "
        f"what is out as it is;{correct} or take it back with `esign request cancel` and what stands in 'esign id', "
        "and send the row as it is now with `esign send … --again --row N`."
    )


def _mend(plan: Plan, bad: Sequence[PlanRow]) -> Iterator[str]:
    """Every kind of fault with its cells; the same rows are named in the sheet once it is sent."""
    if not bad:
        return
    groups = grouped(plan, bad)
    yield ""
    yield "1 row cannot be sent:" if len(bad) == 1 else f"{len(bad)} rows cannot be sent:"
    for group in groups[:MOST_GROUPS]:
        yield ""
        yield from _told(group)
    if len(groups) > MOST_GROUPS:
        yield f"  … and {len(groups) - MOST_GROUPS} more kinds of faults; --json has them all."
    yield ""


def _told(group: Group) -> Iterator[str]:
    rows = list(dict.fromkeys(cell.row for cell in group.cells))
    named = f"row {rows[0]}" if len(rows) == 1 else f"rows {_listed(rows)}"
    if group.letter is None:
        said = one_line(group.headline)
        yield "  " + (said.capitalize() if said.startswith("rows ") else f"{named.capitalize()}: {said}")
    else:
        yield f"  {one_line(group.headline)}: {named}"
    places = [(cell.cell or f"row {cell.row}", one_line(shortened(cell.value, VALUE))) for cell in group.cells]
    if group.letter is not None or any(value for _, value in places):
        width = max(len(place) for place, _ in places[:MOST_CELLS])
        for place, value in places[:MOST_CELLS]:
            shown = f'"{value}"' if value else "(empty)" if group.kind == "empty" else ""
            yield f"    {place:<{width}}  {shown}".rstrip()
        if len(places) > MOST_CELLS:
            yield f"    … and {len(places) - MOST_CELLS} more"
    yield f"    → {one_line(group.way_on)}"


def _listed(rows: Sequence[int], most: int = 12) -> str:
    return ", ".join(map(str, rows[:most])) + (f" and {len(rows) - most} more" if len(rows) > most else "")
