"""One run: everything fails by plan while a batch is sent; then it is calm, a person decides, and all is checked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import shutil
import signal
import sqlite3
import time
import traceback
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random

import httpx
import psutil
from sqlalchemy import make_url

from connectors.signing.esignatures import ESignatures, ESignaturesSettings
from ledger import batches, planning, settling
from ledger.errors import LedgerError
from ledger.store import Ledger
from tests.chaos import checking, databases, disks, record
from tests.chaos.plan import MARGIN, OF_THE_DATABASE, TIMEOUT, Plan, Trouble
from tests.chaos.processes import Senders, playing
from tests.chaos.sending import FINE, LEDGER, Order
from tests.chaos.standing import Row, standing
from tests.flows.drafts import draft

LOOK = 0.03
"""Seconds between looks at the record."""
LONGEST = 60.0
"""Seconds the troubles of a run may take; then it goes on without those that are left."""
PATIENCE = 90.0
"""Seconds a sender may take for the rest of its batch."""
CALM_ROUNDS = 12
"""Sendings until nothing more happens; a provider that asks to wait and a breaker that pauses take some."""


@dataclass
class Result:
    """What a run has shown."""

    plan: Plan
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0
    calls: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    deaths: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    doubts: int = 0
    most_doubts: int = 0
    for_a_person: int = 0


class Run:
    """One plan, carried out in a folder of its own."""

    def __init__(self, plan: Plan, folder: Path, template: Path, client: type[ESignatures] = ESignatures) -> None:
        self.plan = plan
        self.folder = folder
        self.record = folder / "record.jsonl"
        self._template = template
        self._client = client
        self._dice = Random(plan.seed)
        self._under_way: set[asyncio.Task[None]] = set()
        self._kills = self._disturbed = 0

    async def carry_out(self) -> Result:
        """Do it all; problems are in the result, and what led to them in the folder."""
        begun = time.monotonic()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        result = Result(self.plan)
        try:
            async with self._ledger_url() as url:
                with playing(self.plan, self.record) as self._address:
                    await self._play(url, result)
        except Exception:  # the other seeds go on
            result.problems.append(traceback.format_exc())
        result.seconds = time.monotonic() - begun
        if result.problems:
            (self.folder / "problems.txt").write_text(
                "\n".join([f"seed {self.plan.seed}: {self.plan}", *result.problems])
            )
        return result

    async def _play(self, url: str, result: Result) -> None:
        account = ESignaturesSettings(
            base_url=f"{self._address}/api", api_token="made-up-token", concurrency=self.plan.concurrency,
            rate=self.plan.rate, timeout_seconds=TIMEOUT, settle_seconds=self.plan.settle_seconds,
        )  # fmt: skip
        async with await Ledger.open(url) as ledger:
            batch_id = (await planning.freeze(ledger, draft(account, self.plan.rows))).batch_id
            senders = Senders(Order(url, batch_id, account, MARGIN, self.folder, self._client))
            try:
                await self._chaos(ledger, batch_id, url, senders)
                await self._calm(ledger, batch_id, senders)
                result.for_a_person = await self._person(ledger, batch_id)
                await self._calm(ledger, batch_id, senders)
            finally:
                senders.kill_all()
            self._judge(await standing(ledger, batch_id), senders, result)

    def _judge(self, rows: list[Row], senders: Senders, result: Result) -> None:
        calls = record.read(self.record)
        (self.folder / "rows.json").write_text(json.dumps([asdict(row) for row in rows], indent=1))
        ends = Counter(end["how"] for end in senders.ends)
        result.calls, result.fates, result.ends = len(calls), Counter(call.how for call in calls), ends
        result.kills, result.deaths = self._kills, self._kills + ends[LEDGER] + self._disturbed
        result.doubts = checking.doubts(rows)
        result.most_doubts = checking.most_doubts(calls, self.plan.concurrency, result.deaths)
        result.problems = checking.problems(rows, calls)
        if result.doubts > result.most_doubts:
            result.problems.append(
                f"{result.doubts} times a row was uncertain; at most {result.most_doubts} are explained"
            )
        allowed = {FINE, LEDGER} if any(one.kind in OF_THE_DATABASE for one in self.plan.troubles) else {FINE}
        result.problems += [f"a sender ended by {end['trace']}" for end in senders.ends if end["how"] not in allowed]

    # -- troubles ------------------------------------------------------------------------------------------------

    async def _chaos(self, ledger: Ledger, batch_id: str, url: str, senders: Senders) -> None:
        """Keep the senders running and let every trouble happen in its turn, until nothing is left to send."""
        left = list(self.plan.troubles)
        give_up = time.monotonic() + LONGEST
        rests: list[float] = [0.0] * self.plan.senders
        looked, work = 0.0, True
        while (left or self._under_way or work) and time.monotonic() < give_up:
            heard = len(record.read(self.record))
            while left and left[0].after <= heard:
                self._begin(left.pop(0), url, senders)
            if time.monotonic() > looked + 0.5 and not self._under_way:
                with contextlib.suppress(LedgerError):  # it may just be dying
                    counts = await batches.counts(ledger, batch_id)
                    work = bool(counts.get("planned") or counts.get("sending"))
                    left = left if work else []  # too few calls were needed
                looked = time.monotonic()
            for _ in senders.reap():
                rests.append(time.monotonic() + 0.3 * self._dice.random())
            for rest in [rest for rest in rests if rest <= time.monotonic()]:
                rests.remove(rest)
                senders.start()
            await asyncio.sleep(LOOK)
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._until_they_end(senders)

    def _begin(self, trouble: Trouble, url: str, senders: Senders) -> None:
        if trouble.kind in OF_THE_DATABASE:
            self._disturbed += self.plan.senders
        happening = {
            "kill": lambda: self._kill(trouble, senders),
            "suspend": lambda: self._suspend(trouble, senders),
            "lock": lambda: self._lock(trouble, url),
            "full": lambda: self._full(trouble),
            "write error": lambda: self._write_error(trouble, senders),
            "restart": databases.restart_postgres,
        }[trouble.kind]
        task = asyncio.create_task(happening())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _kill(self, trouble: Trouble, senders: Senders) -> None:
        await asyncio.sleep(trouble.seconds)
        if senders.signal(self._dice.randrange(100), signal.SIGKILL) is not None:
            self._kills += 1

    async def _suspend(self, trouble: Trouble, senders: Senders) -> None:
        """As a laptop's lid does; what was under way is in doubt as after a death."""
        pid = senders.signal(self._dice.randrange(100), signal.SIGSTOP)
        if pid is not None:
            self._disturbed += 1
            try:
                await asyncio.sleep(trouble.seconds)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    async def _lock(self, trouble: Trouble, url: str) -> None:
        path = make_url(url).database or ""

        def hold() -> None:
            with contextlib.closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                time.sleep(trouble.seconds)
                connection.execute("ROLLBACK")

        await asyncio.to_thread(hold)

    async def _full(self, trouble: Trouble) -> None:
        disks.fill(self.folder / "disk")
        try:
            await asyncio.sleep(trouble.seconds)
        finally:
            disks.empty(self.folder / "disk")

    async def _write_error(self, trouble: Trouble, senders: Senders) -> None:
        """Whoever runs now may not write beyond a file's first 64 KiB, which the ledger has long passed."""
        pids = senders.pids
        for pid in pids:
            _limit(pid, 64 * 1024)
        await asyncio.sleep(trouble.seconds)
        for pid in pids:
            _limit(pid, resource.RLIM_INFINITY)

    # -- afterwards ----------------------------------------------------------------------------------------------

    async def _calm(self, ledger: Ledger, batch_id: str, senders: Senders) -> None:
        """The provider is well; one sender after the other, until nothing more happens."""
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.post(f"{self._address}/calm")
        before: Counter[str] | None = None
        for _ in range(CALM_ROUNDS):
            senders.start()
            await self._until_they_end(senders)
            now = Counter(row.state for row in await standing(ledger, batch_id))
            if not now["planned"] and not now["sending"] and (not now["uncertain"] or now == before):
                return
            before = now
            await asyncio.sleep(self.plan.settle_seconds if now["uncertain"] else 0.2)

    async def _until_they_end(self, senders: Senders) -> None:
        give_up = time.monotonic() + PATIENCE
        while senders.pids:
            if time.monotonic() > give_up:
                raise TimeoutError(f"A sender does not end within {PATIENCE:.0f} s.")
            senders.reap()
            await asyncio.sleep(LOOK)

    async def _person(self, ledger: Ledger, batch_id: str) -> int:
        """Somebody looks at the provider's own record, and says of every uncertain row what became of it."""
        async with httpx.AsyncClient(trust_env=False) as client:
            while (await client.get(f"{self._address}/idle")).json()["under_way"]:
                await asyncio.sleep(LOOK)
        accepted = {call.ref: call.provider_id for call in record.read(self.record) if call.accepted}
        unclear = [row for row in await standing(ledger, batch_id) if row.state == "uncertain"]
        for row in unclear:
            await settling.resolve(ledger, row.id, accepted.get(row.ref))
        return len(unclear)

    @contextlib.asynccontextmanager
    async def _ledger_url(self) -> AsyncIterator[str]:
        if self.plan.postgres:
            await databases.until_postgres_answers()
            url = await databases.postgres_ledger()
            try:
                yield url
            finally:
                await databases.until_postgres_answers()
                await databases.drop(url)
        else:
            place = self.folder / "disk"
            with disks.disk(place) if self.plan.own_disk else contextlib.nullcontext():
                yield databases.sqlite_ledger(self._template, place)


def _limit(pid: int, size: int) -> None:
    """Set how long a process may make a file, if it still runs."""
    with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
        process = psutil.Process(pid)
        _, hard = process.rlimit(psutil.RLIMIT_FSIZE)
        process.rlimit(psutil.RLIMIT_FSIZE, (size, hard))
