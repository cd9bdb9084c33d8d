"""What `plan` and `send` have in common: read recipe and sheet, ask the ledger, show the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cli.sheet_options import SheetOptions
from cli.tables import show
from flows.send.plan import Plan, PlanRow, PlanVerdict, refused_before
from flows.send.prepare import Prepared, prepare, today
from ledger.settings import Settings, load_settings
from ledger.store import Ledger

WORDS = {PlanVerdict.SEND: "send", PlanVerdict.UNCHANGED: "already sent", PlanVerdict.REFUSED: "refused"}
MOST_ROWS = 50


@dataclass(frozen=True)
class Ready:
    """An open ledger and a plan made against it."""

    settings: Settings
    ledger: Ledger
    prepared: Prepared

    @property
    def plan(self) -> Plan:
        """The plan."""
        return self.prepared.plan


@asynccontextmanager
async def prepared(recipe: str, sheet: str, options: SheetOptions) -> AsyncIterator[Ready]:
    """Plan the sheet against the ledger of this process's settings; the ledger is closed at the end of the block."""
    settings = load_settings()
    async with await Ledger.open(settings.ledger_url) as ledger:
        made = await prepare(
            ledger,
            settings,
            recipe,
            sheet,
            account=options.account,
            provider=options.provider,
            campaign=options.campaign,
            rows=options.row or None,
            limit=options.limit,
            again=options.again,
            today=today(),
        )
        yield Ready(settings, ledger, made)


def chosen(plan: Plan, options: SheetOptions) -> list[PlanRow]:
    """The plan's rows that the options ask about."""
    return [row for row in plan.rows if not options.row or row.row in options.row]


def show_plan(plan: Plan, rows: list[PlanRow]) -> None:
    """Print what would happen: every row up to a screenful, refused ones in any case, then the numbers."""
    sending = plan.sending
    print(f"{sending.recipe} · {sending.provider.title}, account {sending.account} ({sending.mode}) · {plan.sheet}")
    refused = [row for row in rows if row.verdict is PlanVerdict.REFUSED]
    others = [row for row in rows if row.verdict is not PlanVerdict.REFUSED]
    shown = sorted(refused[:MOST_ROWS] + others[:MOST_ROWS], key=lambda row: row.row)
    show(("row", "key", "what happens", "why"), [(r.row, r.key, WORDS[r.verdict], why(r)) for r in shown])
    if len(shown) < len(rows):
        print(f"… and {len(rows) - len(shown)} more rows.")
    numbers = Counter(row.verdict for row in rows)
    print(", ".join(f"{numbers[verdict]} to {words}" if verdict is PlanVerdict.SEND else f"{numbers[verdict]} {words}"
                    for verdict, words in WORDS.items()))  # fmt: skip
    for note in plan.notes:
        print(f"Note: {note}")


def why(row: PlanRow) -> str:
    """What a person has to know about this row."""
    if row.verdict is PlanVerdict.UNCHANGED and row.known is not None:
        way_on = "; --again sends it anew" if refused_before(row) else ""
        through = f"through {row.known.provider}/{row.known.account}"
        return f"already in {row.known.batch_id}, {through}: {row.known.state}{way_on}"
    return row.problem or ""
