"""The flows on a real Prefect server: what its pages show, what it never gets to see, and what starts them."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from flows.events.flow import process_events
from flows.reconcile.flow import sweep
from flows.remind.flow import send_reminders
from flows.send.flow import listening, send_batch
from flows.send.progress import Progress
from ledger import batches, inbox, planning, reading, sending, settling
from ledger.inbox import Delivery
from ledger.settings import load_settings
from ledger.store import Ledger
from tests.flows.conftest import PROJECT
from tests.flows.drafts import draft, frozen
from tests.flows.fake_provider import FakeProvider, says
from tests.flows.prefect_api import prefect_api
from tests.processes import end

HEADER = "company,signer_name,signer_email,our_company,our_name,our_email,purpose,years\n"
ROW = (
    "Example Company {0:02},Signer {0},person{0:02}@example.com,"
    "Example Company 00,Signer Zero,person00@example.com,a project,3\n"
)


@pytest.fixture
def account(
    provider: FakeProvider, on_prefect: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> FakeProvider:
    """The sandbox's account of this process, and a home of the test's own."""
    monkeypatch.setenv("ESIGN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ESIGN_ENV_FILE", "")
    monkeypatch.setenv("ESIGN_SANDBOX_URL", provider.url)
    monkeypatch.setenv("ESIGN_SANDBOX_TOKEN", "made-up-token")
    provider.settings_given = {"rate": 20.0, "timeout_seconds": 30.0}
    return provider


@pytest.fixture
async def ours(account: FakeProvider) -> AsyncIterator[Ledger]:
    async with await Ledger.open(load_settings().ledger_url) as ledger:
        yield ledger


@pytest.fixture
async def api(on_prefect: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    async with prefect_api(on_prefect["PREFECT_API_URL"]) as client:
        yield client


async def everything(api: httpx.AsyncClient) -> str:
    """All that the server knows: runs with their states and parameters, logs, artifacts and events."""
    await asyncio.sleep(3)
    said = []
    for what in ("flow_runs", "task_runs", "logs", "artifacts", "events"):
        answer = await api.post(f"/{what}/filter", json={"limit": 50} if what == "events" else {"limit": 200})
        assert answer.is_success, (what, answer.text)
        said.append(answer.text)
    return "\n".join(said)


async def test_a_batch_runs_as_one_task_a_chunk_and_shows_a_table(
    ours: Ledger, account: FakeProvider, api: httpx.AsyncClient
) -> None:
    account.faults = [nothing, says(422, text="person02@example.com is blocked")]
    batch_id = await frozen(ours, account.settings(), 6)
    told: list[Progress] = []
    with listening(told.append):
        state = await send_batch(batch=batch_id, return_state=True)
    assert state.is_completed() and "5 sent, 1 refused" in (state.message or "")
    assert told[-1].done == 6
    runs = (await api.post("/task_runs/filter", json={"limit": 10, "sort": "EXPECTED_START_TIME_DESC"})).json()
    assert runs[0]["name"] == "rows-1" and runs[0]["state"]["type"] == "COMPLETED"
    key = batch_id.lower().replace("_", "-")
    artifact = (await api.get(f"/artifacts/{key}/latest")).json()
    (row,) = json.loads(artifact["data"])
    assert (row["row"], row["state"]) == (3, "failed") and row["request"].startswith("req_")
    bar = (await api.get(f"/artifacts/{key}-progress/latest")).json()
    assert (bar["type"], bar["data"]) == ("progress", 100.0)
    assert bar["description"] == "6 of 6 rows: 5 sent, 1 refused, 0 unclear."
    text = await everything(api)
    assert batch_id in text and "example.com" not in text and "Signer" not in text and "made-up-token" not in text


async def test_a_sheet_with_bad_rows_sends_nothing_and_says_why_in_the_sheet(
    ours: Ledger, account: FakeProvider, api: httpx.AsyncClient, tmp_path: Path
) -> None:
    sheet = tmp_path / "list.csv"
    sheet.write_text(HEADER + ROW.format(1) + ROW.format(2).replace("person02@example.com", "person02.example.com"))
    state = await send_batch(recipe="nda", sheet=str(sheet), return_state=True)
    assert state.is_failed() and "1 of 2 rows" in (state.message or "") and not account.contracts
    with sheet.open(newline="") as file:
        assert [row["esign status"] for row in csv.DictReader(file)] == ["", "refused"]
    state = await send_batch(recipe="nda", sheet=str(sheet), skip_bad=True, return_state=True)
    assert state.is_completed() and len(account.contracts) == 1
    with sheet.open(newline="") as file:
        assert [row["esign status"] for row in csv.DictReader(file)] == ["sent", "refused"]
    assert "person02" not in await everything(api)


@pytest.fixture
def live(account: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> FakeProvider:
    """The same provider as a live account with the name `default`."""
    known = {"API_TOKEN": "made-up-token", "MODE": "live", "BASE_URL": account.settings().base_url, "SETTLE_SECONDS": 0}
    for name, value in known.items():
        monkeypatch.setenv(f"ESIGN_ESIGNATURES_{name}", str(value))
    account.settings_given = {"mode": "live"}
    return account


async def planned_live(ours: Ledger, live: FakeProvider, count: int) -> str:
    planned = draft(live.settings(), count).model_copy(update={"account": "default"})
    return (await planning.freeze(ours, planned)).batch_id


async def test_a_live_batch_goes_out_only_when_its_number_is_confirmed(ours: Ledger, live: FakeProvider) -> None:
    batch_id = await planned_live(ours, live, 3)
    for confirmed in (None, 2):
        state = await send_batch(batch=batch_id, confirm_live=confirmed, return_state=True)
        assert state.is_failed() and "confirm_live=3" in (state.message or "")
    assert not live.contracts
    assert (await send_batch(batch=batch_id, confirm_live=3, return_state=True)).is_completed()
    assert len(live.contracts) == 3


async def test_a_live_batch_with_nothing_left_to_send_is_looked_up_and_needs_no_number(
    ours: Ledger, live: FakeProvider
) -> None:
    batch_id = await planned_live(ours, live, 1)
    await in_doubt(ours, batch_id, 1)
    live.accept({"signers": [], "metadata": (await refs(ours))[0]})
    assert (await send_batch(batch=batch_id, return_state=True)).is_completed()
    assert (await batches.counts(ours, batch_id)).get("sent") == 1 and live.calls["create"] == 0


async def test_rows_that_turn_out_unsent_are_not_among_those_somebody_said_yes_to(
    ours: Ledger, live: FakeProvider
) -> None:
    batch_id = await planned_live(ours, live, 5)
    await in_doubt(ours, batch_id, 2)
    state = await send_batch(batch=batch_id, confirm_live=3, return_state=True)
    assert state.is_completed() and "3 sent" in (state.message or "") and "2 still planned" in (state.message or "")
    assert live.calls["create"] == 3


async def in_doubt(ledger: Ledger, batch_id: str, count: int) -> None:
    for one in await sending.claim(ledger, batch_id, "a process that was killed", count, 60):
        await sending.record_uncertain(ledger, one.request_id, one.attempt, "No answer.")


async def refs(ledger: Ledger) -> list[str]:
    return [one.ref for one in await settling.unclear(ledger, "esignatures", "default", "live")]


async def test_a_terminated_run_lets_its_calls_finish_and_records_them(
    ours: Ledger, account: FakeProvider, on_prefect: dict[str, str]
) -> None:
    await send_batch(batch=await frozen(ours, account.settings(), 1, first=100), return_state=True)
    batch_id, account.delay = await frozen(ours, account.settings(), 40), 1.5
    ours_of_this_test = {name: value for name, value in os.environ.items() if name.startswith("ESIGN_")}
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SEND, batch_id, env={**on_prefect, **ours_of_this_test},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    while account.under_way < 4:
        assert run.returncode is None, (await run.communicate())[0].decode()
        await asyncio.sleep(0.02)
    run.terminate()
    said, _ = await run.communicate()
    assert run.returncode == -signal.SIGTERM, said.decode()
    counts = await batches.counts(ours, batch_id)
    assert 4 <= counts["sent"] == len(account.contracts) - 1 < 40
    assert counts["sent"] + counts["planned"] == 40, said.decode()


SEND = """\
import asyncio, sys
from flows.send.flow import send_batch
asyncio.run(send_batch(batch=sys.argv[1]))
"""


async def test_a_table_that_cannot_be_shown_takes_nothing_back(ours: Ledger, account: FakeProvider) -> None:
    batch_id = await frozen(ours, account.settings(), 2)
    async with ours.begin() as connection:
        await connection.execute(text("DROP TABLE incidents"))  # read for the table and the sheet alone
    assert (await send_batch(batch=batch_id, return_state=True)).is_completed()
    assert len(account.contracts) == 2


async def test_a_batch_that_pauses_itself_shows_its_sentence(ours: Ledger, account: FakeProvider) -> None:
    account.faults = [says(401)]
    state = await send_batch(batch=await frozen(ours, account.settings(), 3), return_state=True)
    assert state.name == "Paused itself" and "key" in (state.message or "")


async def test_an_error_inside_a_run_shows_its_kind_alone(
    ours: Ledger, account: FakeProvider, api: httpx.AsyncClient, tmp_path: Path
) -> None:
    secret = tmp_path / "person77@example.com.csv"
    state = await send_batch(recipe="nda", sheet=str(secret), return_state=True)
    assert state.is_failed() and (state.message or "").endswith("Withheld: SheetError")
    logs = (await api.post("/logs/filter", json={"limit": 200, "sort": "TIMESTAMP_DESC"})).text
    assert "There is no sheet" not in logs


async def test_the_scheduled_flows_run_on_an_empty_ledger(ours: Ledger, account: FakeProvider) -> None:
    for state in (
        await sweep(return_state=True),
        await send_reminders(now=datetime(2026, 1, 1, tzinfo=UTC), return_state=True),
        await process_events(linger_seconds=0, return_state=True),
    ):
        assert state.is_completed(), state


async def test_an_announced_event_reaches_prefect(ours: Ledger, account: FakeProvider, api: httpx.AsyncClient) -> None:
    batch_id = await frozen(ours, account.settings(), 1)
    await send_batch(batch=batch_id, return_state=True)
    body = {
        "status": "signer-signed",
        "data": {"contract": account.contracts[0], "signer": account.contracts[0]["signers"][0]},
    }
    await inbox.put(ours, [Delivery(provider="esignatures", account="sandbox", identity="1",
                                    body=json.dumps(body).encode(), genuine=True)])  # fmt: skip
    assert (await process_events(linger_seconds=0, return_state=True)).is_completed()
    assert [row.state for row in await reading.rows(ours, batch_id)] == ["in_progress"]
    assert await batches.batch(ours, batch_id)
    asked = {"filter": {"event": {"prefix": ["esign.request."]}, "occurred": {"since": "2026-01-01T00:00:00Z"}}}
    for _ in range(50):
        found = (await api.post("/events/filter", json=asked)).json()["events"]
        if any(event["payload"].get("batch") == batch_id for event in found):
            break
        await asyncio.sleep(0.2)
    assert any(event["payload"].get("batch") == batch_id for event in found)
    assert "example.com" not in json.dumps(found)


@pytest.mark.slow  # three quarters of a minute, nearly all of it Prefect's own starts; the demo goes the same way
@pytest.mark.timeout(500)
async def test_an_event_starts_the_deployed_drain(
    prefect_server: dict[str, str], api: httpx.AsyncClient, tmp_path: Path
) -> None:
    env = {**prefect_server, "ESIGN_HOME": str(tmp_path / "home")}
    await command(env, "work-pool", "create", "esign", "--type", "process", "--overwrite")
    await command(env, "--no-prompt", "deploy", "--all", cwd=PROJECT)
    worker = subprocess.Popen(
        [sys.executable, "-m", "prefect", "worker", "start", "--pool", "esign", "--type", "process", "--limit", "10"],
        env=env, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with await Ledger.open(f"sqlite+aiosqlite:///{tmp_path / 'home' / 'ledger.db'}") as ledger:
            await inbox.put(ledger, [Delivery(provider="esignatures", account="sandbox", identity="1", body=b"?",
                                              genuine=True)])  # fmt: skip
            begun = time.monotonic()
            while await inbox.work_waiting(ledger) and time.monotonic() - begun < 90:
                await api.post("/events", json=[nudge()])
                await asyncio.sleep(3)
            assert not await inbox.work_waiting(ledger) and len(await inbox.dead(ledger)) == 1
    finally:
        await asyncio.to_thread(end, worker)


def nudge() -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "event": "esign.inbox.ready",
        "occurred": datetime.now(UTC).isoformat(),
        "resource": {"prefect.resource.id": "esign.inbox"},
    }


async def command(env: dict[str, str], *arguments: str, cwd: Path | None = None) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "prefect", *arguments, env=env, cwd=cwd or os.getcwd(),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


async def nothing(request: object) -> None:
    """No fault."""
