"""What `plan` and `send` have in common: read recipe and sheet, and ask the ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cli.sheet_options import SheetOptions
from flows.send.outlook import Outlook, outlook
from flows.send.plan import Plan, PlanRow
from flows.send.prepare import Prepared, prepare, today
from ledger.settings import Settings, load_settings
from ledger.store import Ledger


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

    @property
    def outlook(self) -> Outlook:
        """What sending the rows that were asked for comes to, today."""
        wanted = set(self.prepared.rows)
        rows = [row for row in self.plan.send if row.row in wanted]
        return outlook(self.plan, rows, self.prepared.account_settings, today())


@asynccontextmanager
async def prepared(recipe: str, sheet: str, options: SheetOptions) -> AsyncIterator[Ready]:
    """Plan the sheet against the ledger of this process's settings; the ledger is closed at the end of the block."""
    settings = load_settings()
    async with await Ledger.open(settings.ledger_url) as ledger:
        made = await prepare(
            ledger,
            settings,
            recipe,
            options.place(sheet),
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
