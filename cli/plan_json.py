"""A plan as JSON, for another program to read; row by row, so that a long one is never held as text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from cli.planning import Ready
from flows.send.grouping import grouped
from flows.send.judging import BAD
from flows.send.plan import Plan, PlanRow


def lines(ready: Ready, rows: Sequence[PlanRow]) -> Iterator[str]:
    """The lines of one JSON object. It says nothing of the file the sheet came from: the same people give the same
    plan, whatever they were kept in."""
    plan, outlook = ready.plan, ready.outlook
    sending = plan.sending
    head = {
        "hash": plan.hash,
        "recipe": plan.recipe.id,
        "campaign": sending.campaign,
        "provider": sending.provider.name,
        "account": sending.account,
        "mode": sending.mode,
        "numbers": {str(verdict): plan.numbers[verdict] for verdict in sorted(plan.numbers)},
        "sends": {
            "requests": outlook.requests,
            "signers": outlook.signers,
            "seconds": round(outlook.seconds, 1),
            "reminders": [day.isoformat() for day in outlook.reminders],
            "expires": outlook.expires.isoformat() if outlook.expires else None,
            "warnings": outlook.warnings,
        },
        "notes": plan.notes,
        "faults": [asdict(group) for group in grouped(plan, [row for row in rows if row.verdict in BAD])],
    }
    yield _escaped(json.dumps(head, indent=2, ensure_ascii=False)).removesuffix("\n}") + ","
    yield '  "rows": ['
    for at, row in enumerate(rows, start=1):
        yield f"    {_escaped(json.dumps(_row(plan, row), ensure_ascii=False))}{',' if at < len(rows) else ''}"
    yield "  ]"
    yield "}"


def _escaped(told: str) -> str:
    """The same JSON without what a terminal would take for a command, of which JSON itself escapes only a part."""
    if told.isprintable():
        return told
    return "".join(one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in told)


def _row(plan: Plan, row: PlanRow) -> dict[str, object]:
    return {
        "row": row.row,
        "key": row.key,
        "verdict": row.verdict,
        "problem": row.problem,
        "content": row.digest.hex() or None,
        "request": row.known.request_id if row.known else None,
    }
