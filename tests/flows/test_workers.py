"""Two real workers send one batch on Postgres: each row once, at the account's one rate, also when one is killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
import pytest
from sqlalchemy import text

from connectors.signing.esignatures import ESignaturesSettings
from flows.send.pace import AHEAD_SECONDS
from ledger import planning, turns
from ledger.store import Ledger
from tests.chaos import databases, processes, record, stub
from tests.chaos.databases import POSTGRES
from tests.chaos.fates import Faults
from tests.chaos.record import Call
from tests.flows.conftest import PROJECT
from tests.flows.drafts import draft
from tests.flows.prefect_api import prefect_api
from tests.processes import end

pytestmark = [
    pytest.mark.slow,
    pytest.mark.postgres,
    pytest.mark.timeout(500),
    pytest.mark.skipif(POSTGRES is None, reason="needs a Postgres (tests/postgres.sh)"),
]

RATE = 10
"""Calls a second."""
HOLD_SECONDS = 3.0
POOL = "two-workers"
"""One of its own: what other tests have put on a schedule would take the workers' only places."""
ROWS = 320
KILLED_AFTER = 235
"""Calls, at least: the provider's list shows the newest hundred, and a look-up has to reach back to the kill."""
ANSWERS_WITHIN = 2.0
"""The account's timeout in seconds: a killed worker's rows are looked for once it and a margin are over."""

T = TypeVar("T")


@dataclass
class Place:
    """Everything two workers share, seen from outside."""

    ledger: Ledger
    batch_id: str
    account: ESignaturesSettings
    api: httpx.AsyncClient
    record: Path
    workers: tuple[int, ...]

    async def start(self) -> str:
        """A run of the deployed `send-batch` with two workers; its id."""
        found = (await self.api.get("/deployments/name/send-batch/send-batch")).raise_for_status().json()["id"]
        asked = {"parameters": {"batch": self.batch_id, "workers": 2}}
        made = await self.api.post(f"/deployments/{found}/create_flow_run", json=asked)
        return str(made.raise_for_status().json()["id"])

    async def start_together(self) -> str:
        """`start`, with no call begun before both workers are at it: how long they take to start does not matter."""
        await self.hold()
        run_id = await self.start()
        await until("both runs run", lambda: self.both_run(run_id), 200)
        return run_id

    async def hold(self) -> None:
        """Keep the account's turns from everybody for a moment, as a provider does that asks to wait."""
        await self.ledger.write(lambda connection: turns.hold(connection, "esignatures", "default", HOLD_SECONDS))

    async def both_run(self, run_id: str) -> bool:
        """Whether the run and its other half have started; until then nobody gets a turn."""
        await self.hold()
        run = (await self.api.get(f"/flow_runs/{run_id}")).raise_for_status().json()
        return "RUNNING" in {state["type"] for state in await self.shares()} and run["state"]["type"] == "RUNNING"

    async def ended(self, run_id: str) -> dict[str, Any] | None:
        run = (await self.api.get(f"/flow_runs/{run_id}")).raise_for_status().json()
        return run["state"] if run["state"]["type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED") else None

    async def shares(self) -> list[dict[str, Any]]:
        """The states of all runs that take a share of this batch."""
        wanted = {"flows": {"name": {"any_": ["share-batch"]}}}
        runs = (await self.api.post("/flow_runs/filter", json=wanted)).raise_for_status().json()
        return [run["state"] for run in runs if run["parameters"]["batch"] == self.batch_id]

    async def senders(self) -> dict[int, int]:
        """Process id → how many rows it has sent, in the order in which they began."""
        chosen = "SELECT owner, outcome FROM attempts ORDER BY started_at, request_id"
        async with self.ledger.read() as connection:
            lines = (await connection.execute(text(chosen))).all()
        sent = Counter(int(owner.split(":")[1]) for owner, outcome in lines if outcome == "sent")
        return {pid: sent[pid] for pid in dict.fromkeys(int(owner.split(":")[1]) for owner, _ in lines)}

    def worker_of(self, pid: int) -> int | None:
        """The worker this process was started by; None if it is none of ours or gone."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return next((one.pid for one in psutil.Process(pid).parents() if one.pid in self.workers), None)
        return None

    async def both_send(self, accepted: int) -> dict[int, int]:
        """Wait until two processes, one of each worker, have sent rows and so many are accepted; who they are."""

        async def look() -> dict[int, int] | None:
            sent = await self.senders()
            busy = [pid for pid, number in sent.items() if number >= 3]
            enough = len(self.calls()) >= accepted and {self.worker_of(pid) for pid in busy} == set(self.workers)
            return sent if enough else None

        return await until("both workers send", look, 100)

    def calls(self) -> list[Call]:
        return record.read(self.record)

    async def require_each_row_once(self) -> None:
        accepted = Counter(call.ref for call in self.calls() if call.accepted)
        async with self.ledger.read() as connection:
            rows = (await connection.execute(text("SELECT ref, state FROM requests"))).all()
            incidents = (await connection.execute(text("SELECT count(*) FROM incidents"))).scalar_one()
            (state,) = (await connection.execute(text("SELECT state FROM batches"))).scalars()
        assert accepted == Counter(ref for ref, _ in rows) and len(rows) == ROWS
        assert Counter(state for _, state in rows) == {"sent": ROWS}
        assert incidents == 0 and state == "done"


def run_of(pid: int) -> str | None:
    """Id of the flow run this process was started for; Prefect's workers tell it in the environment."""
    return psutil.Process(pid).environ().get("PREFECT__FLOW_RUN_ID")


async def until(what: str, look: Callable[[], Awaitable[T | None]], within: float) -> T:
    give_up = time.monotonic() + within
    while not (seen := await look()):
        assert time.monotonic() < give_up, f"Within {within:.0f} s not seen: {what}."
        await asyncio.sleep(0.3)
    return seen


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[str]:
    """The chaos suite's provider on a good day; its address."""
    ours, theirs = processes.pipe()
    manner = {"lag": 0.0, "timeout": ANSWERS_WITHIN, "pause": 0.05, "blind": False}
    process = processes.start(stub.serve, theirs, tmp_path / "record.jsonl", Faults(seed=1), **manner)
    try:
        assert ours.poll(60)
        yield ours.recv()
    finally:
        process.kill()
        process.join()


@pytest.fixture
async def place(prefect_server: dict[str, str], provider: str, tmp_path: Path) -> AsyncIterator[Place]:
    """A frozen batch on Postgres, the deployments of prefect.yaml, and two workers with room for one run each."""
    account = ESignaturesSettings(
        base_url=f"{provider}/api", api_token="made-up-token", rate=RATE, timeout_seconds=ANSWERS_WITHIN,
        settle_seconds=0.0,
    )  # fmt: skip
    url = await databases.postgres_ledger()
    env = {
        **prefect_server,
        "ESIGN_HOME": str(tmp_path / "home"),
        "ESIGN_LEDGER_URL": url,
        "ESIGN_ESIGNATURES_API_TOKEN": "made-up-token",
        "ESIGN_ESIGNATURES_BASE_URL": account.base_url,
        "ESIGN_ESIGNATURES_RATE": str(RATE),
        "ESIGN_ESIGNATURES_TIMEOUT_SECONDS": str(ANSWERS_WITHIN),
        "ESIGN_ESIGNATURES_SETTLE_SECONDS": "0",
    }
    prefect(env, "work-pool", "create", POOL, "--type", "process", "--overwrite")
    for name in ("send-batch", "share-batch"):
        prefect(env, "--no-prompt", "deploy", "--name", name, "--pool", POOL, cwd=PROJECT)
    workers = [worker(env, tmp_path / f"worker-{number}.log") for number in (1, 2)]
    try:
        async with (
            await Ledger.open(url) as ledger,
            prefect_api(env["PREFECT_API_URL"]) as api,
        ):
            planned = draft(account, ROWS).model_copy(update={"account": "default"})
            batch_id = (await planning.freeze(ledger, planned)).batch_id
            pids = tuple(one.pid for one in workers)
            yield Place(ledger, batch_id, account, api, tmp_path / "record.jsonl", pids)
    finally:
        for one in workers:
            end(one)
        await databases.drop(url)


def prefect(env: dict[str, str], *arguments: str, cwd: Path | None = None) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "prefect", *arguments], env=env, cwd=cwd, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def worker(env: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--limit", "1"],
            env=env, cwd=log.parent, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip


async def test_two_workers_send_a_batch_once_and_together_keep_the_accounts_rate(place: Place) -> None:
    run_id = await place.start_together()
    await place.both_send(0)
    ended = await until("the run has ended", lambda: place.ended(run_id), 100)
    assert ended["type"] == "COMPLETED", ended

    async def all_ended() -> list[dict[str, Any]] | None:
        shares = await place.shares()
        return shares if all(state["type"] not in ("PENDING", "RUNNING") for state in shares) else None

    shares = await until("the other run has ended", all_ended, 100)
    assert [state["type"] for state in shares] == ["COMPLETED"], shares
    sent = await place.senders()
    assert len(sent) == 2 and sum(sent.values()) == ROWS
    await place.require_each_row_once()
    times = sorted(call.at for call in place.calls())
    second, ten = busiest(times, 1.0), busiest(times, 10.0)
    sys.stdout.write(
        f"\nSent {list(sent.values())}; {(ROWS - 1) / (times[-1] - times[0]):.2f} calls a second of {RATE}, at most "
        f"{second} in any second and {ten} in any ten.\n"
    )
    # A process that stood still for a moment sends at once what it had claimed ahead; no more than that comes on top.
    assert second <= RATE * (1 + AHEAD_SECONDS) and ten <= RATE * (10 + AHEAD_SECONDS)


@pytest.mark.parametrize("which", ["main run", "share"])
async def test_when_one_is_killed_a_second_run_sends_what_is_left_and_nothing_twice(place: Place, which: str) -> None:
    first = await place.start_together()
    senders = await place.both_send(KILLED_AFTER)
    main = next(pid for pid in senders if run_of(pid) == first)
    share = next(pid for pid in senders if pid != main)
    doomed, other = (main, share) if which == "main run" else (share, main)
    os.kill(doomed, signal.SIGKILL)
    there = len(place.calls())
    sent = (await place.senders())[other]
    assert there < ROWS - 20
    ended = await until("the first run has ended", lambda: place.ended(first), 100)
    assert ended["type"] == ("CRASHED" if which == "main run" else "COMPLETED"), ended
    second = await place.start()
    ended = await until("the second run has ended", lambda: place.ended(second), 120)
    assert ended["type"] == "COMPLETED", ended
    await place.require_each_row_once()
    assert (await place.senders())[other] > sent, "whoever was not killed went on"


def busiest(times: list[float], seconds: float) -> int:
    """The most calls in any stretch of so many seconds."""
    return max(bisect_left(times, at + seconds) - nth for nth, at in enumerate(times))
