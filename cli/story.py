"""The demo's story: a fresh home, a sheet, a sending, people who sign, an archive, and a page that sums it up."""

from __future__ import annotations

import asyncio
import re
import shutil
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx

import cli
from cli.plan_page import show_plan
from cli.planning import prepared
from cli.progress import sent_with_progress
from cli.sheet_options import SheetOptions
from cli.stage import Stage
from cli.tables import show
from connectors.signing.model import EventType
from connectors.signing.provider import Capability, Provider
from ledger import inbox, outbox, planning, reading
from ledger.states import RequestState
from ledger.store import Ledger

PATIENCE = 120.0
"""Seconds people and archive may take before the demo gives up."""
RECIPE = "nda"


@dataclass
class Story:
    """One telling; `durations` are seconds by chapter."""

    home: Path
    stage: Stage
    provider: type[Provider]
    durations: dict[str, float]
    batch_id: str = ""
    rows: list[reading.RowStatus] = field(default_factory=list)
    status_queries: int = 0
    deliveries: int = 0

    @property
    def sheet(self) -> Path:
        """The list of people."""
        return self.home / "people.csv"

    async def run(self) -> str | None:
        """Tell the story; the sentence that says what went wrong, if something did."""
        shutil.copy(Path(cli.__file__).with_name("demo_people.csv"), self.sheet)
        async with prepared(RECIPE, str(self.sheet), SheetOptions(provider=self.provider.name)) as ready:
            show_plan(ready, ready.plan.rows)
            print("The rows that can be sent go out, as with `esign send --skip-bad`.", flush=True)
            begun = time.monotonic()
            frozen = await planning.freeze(ready.ledger, ready.plan.draft())
            self.batch_id = frozen.batch_id
            await sent_with_progress(
                ready.ledger, self.batch_id, rows=(), limit=None, total=len(ready.prepared.rows), confirm_live=None
            )
            self.durations["sending"] = time.monotonic() - begun
            print("People sign …", flush=True)
            begun = time.monotonic()
            finished = await self._wait(ready.ledger)
            self.durations["signing, webhooks, archive"] = time.monotonic() - begun
            self.rows = await reading.rows(ready.ledger, self.batch_id)
            self.deliveries = await inbox.count(ready.ledger)
        self.status_queries = await self._count_status_queries()
        if not finished:
            return f"Not everything was archived within {PATIENCE:.0f} s; the logs are in {self.home / 'logs'}."
        return None

    async def _wait(self, ledger: Ledger) -> bool:
        """Until every request is over, every signed document archived and the sheet shows it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            rows = [row for row in await reading.rows(ledger, self.batch_id) if row.request_id]
            still_open = sum(not RequestState(row.state).terminal for row in rows)
            over = still_open <= self._silent_refusals()
            kept = all(row.document for row in rows if row.state == RequestState.COMPLETED)
            if over and kept and not await inbox.work_waiting(ledger) and not await outbox.due(ledger, "sheet", 1):
                return True
            await asyncio.sleep(0.2)
        return False

    def _silent_refusals(self) -> int:
        """How many people in the sheet decline without anybody hearing of it: not every provider reports that."""
        if EventType.DECLINED in self.provider.events.values():
            return 0
        return self.sheet.read_text("utf-8").count("+decline@")

    async def _count_status_queries(self) -> int:
        async with httpx.AsyncClient(trust_env=False) as client:
            counts = (await client.get(f"{self.stage.sandbox}/_sandbox/counts")).json()["requests"]
        asked = [_shape(f"{call.replace(' ', f' /{self.provider.sandbox_path}', 1)}")
                 for call, method in self.provider.calls.items() if method == "get"]  # fmt: skip
        return sum(number for call, number in counts.items() if _shape(call) in asked)

    def summary(self, *, kept: bool) -> None:
        """Print what became of it."""
        numbers = Counter(row.state for row in self.rows)
        documents = sorted(self.archive.glob("*.pdf"))
        print()
        show(
            ("row", "status", "document", "problem"),
            [(row.row, row.state, row.document, row.problem) for row in self.rows],
        )
        gone = "" if kept else "  (stopped now; `esign demo --keep` leaves it up)"
        facts = [
            ("rows", ", ".join(f"{number} {state}" for state, number in numbers.items())),
            ("seconds", ", ".join(f"{what} {seconds:.1f}" for what, seconds in self.durations.items())),
            *([("unheard", self._unheard())] if self._silent_refusals() else []),
            ("status queries", self._queries()),
            ("signed PDFs", self._documents(len(documents))),
            ("sheet", str(self.sheet)),
            ("ledger", str(self.home / "ledger.db")),
            ("Prefect", f"{self.stage.prefect_pages}{gone if self.stage.own_server else ''}"),
            ("mailbox", f"{self.stage.sandbox}/mailbox{gone}"),
        ]
        for what, fact in facts:
            print(f"{what:>15}  {fact}")
        print("The sandbox is for trying out: nothing here binds anybody.", flush=True)

    def _queries(self) -> str:
        if Capability.SIGNED_WEBHOOKS in self.provider.capabilities:
            return f"{self.status_queries} (completion came by webhook)"
        return (
            f"{self.status_queries} for {self.deliveries} webhooks ({self.provider.title} signs none, so each was "
            "confirmed by asking once)"
        )

    def _unheard(self) -> str:
        return (
            f"{self._silent_refusals()} declined, which {self.provider.title} does not report: that row stays open "
            "until its deadline, or until somebody looks there"
        )

    def _documents(self, count: int) -> str:
        if Capability.DOWNLOAD in self.provider.capabilities:
            return f"{count} in {self.archive}"
        kept = len(list(self.archive.glob("*.evidence.json")))
        way = f" {self.provider.by_way}" if self.provider.by_way else ""
        return f"none: {self.provider.title} hands out no PDF.{way} Evidence of {kept} in {self.archive}"

    @property
    def archive(self) -> Path:
        """Where the signed documents are."""
        return self.home / "archive"


def _shape(call: str) -> str:
    """A call whatever the variable parts of its path are named."""
    return re.sub(r"\{\w+\}", "{}", call)
