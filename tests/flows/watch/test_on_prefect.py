"""Watching a sheet on a real Prefect server: what its pages say, and a yes before anything goes out for real."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from flows.lease import while_leased
from flows.send.approval import SHOWN
from flows.watch.flow import watch_sheet
from flows.watch.looking import hashed
from ledger import batches, gates
from ledger.settings import load_settings
from ledger.store import Ledger
from tests.flows.conftest import PROJECT
from tests.flows.fake_provider import FakeProvider
from tests.flows.prefect_api import prefect_api
from tests.flows.watch.conftest import lead_to
from tests.flows.watch.desk import Desk, person
from tests.processes import end


@pytest.fixture
def account(
    provider: FakeProvider, on_prefect: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> FakeProvider:
    """The sandbox's account, a live account `default` at the same provider, and a home of the test's own."""
    monkeypatch.setenv("ESIGN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ESIGN_ENV_FILE", "")
    lead_to(provider, monkeypatch)
    known = {
        "API_TOKEN": "made-up-token",
        "MODE": "live",
        "BASE_URL": provider.settings().base_url,
        "SETTLE_SECONDS": 0,
    }
    for name, value in known.items():
        monkeypatch.setenv(f"ESIGN_ESIGNATURES_{name}", str(value))
    return provider


@pytest.fixture
async def desk(account: FakeProvider, tmp_path: Path) -> AsyncIterator[Desk]:
    settings = load_settings()
    async with await Ledger.open(settings.ledger_url) as ledger:
        yield Desk(ledger, settings, account, tmp_path / "people.csv")


@pytest.fixture
async def api(on_prefect: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    async with prefect_api(on_prefect["PREFECT_API_URL"]) as client:
        yield client


async def run(desk: Desk, **more: Any) -> Any:
    return await watch_sheet(recipe="nda", sheet=str(desk.path), return_state=True, **more)


async def test_two_runs_send_a_row_and_a_third_reports_its_edit_without_a_name(
    desk: Desk, api: httpx.AsyncClient
) -> None:
    desk.write(person(1), person(2) | {"signer_email": "nobody"})
    first = await run(desk)
    assert (first.name, "1 said yes for the first time" in first.message) == ("Nothing to send", True)
    second = await run(desk)
    assert second.is_completed() and "1 sent" in second.message and "1 cannot be sent" in second.message
    assert len(desk.provider.contracts) == 1
    assert [line["esign status"] for line in desk.lines()] == ["sent", "refused"]
    desk.say(0, "purpose", "a secret purpose")
    third = await run(desk)
    assert "1 were edited after sending, 1 of them newly seen" in third.message
    await asyncio.sleep(2)
    said = []
    for what in ("flow_runs", "task_runs", "logs", "artifacts", "events"):
        answer = await api.post(f"/{what}/filter", json={"limit": 50} if what == "events" else {"limit": 200})
        said.append(answer.text)
    told = "\n".join(said)
    assert "Edited after sending" in told and "newly seen" in told
    # to the letter: other tests have told this server of other people
    for secret in ("person01@example.com", "Example Company 01", "Signer 1", "a secret purpose", "nobody"):
        assert secret not in told


async def test_a_sheet_without_rows_is_no_failure_and_one_that_is_not_there_is(desk: Desk) -> None:
    desk.write()
    assert (await run(desk)).name == "Nothing to send"
    desk.path.unlink()
    gone = await run(desk)
    assert gone.is_failed() and gone.message.endswith("Withheld: SheetError")


async def test_one_run_alone_is_at_a_sheet(desk: Desk) -> None:
    desk.write(person(1))
    name = f"watch:{hashed(desk.ledger.id, str(desk.path.resolve()))[:32]}"
    state = await while_leased(desk.ledger, name, lambda: run(desk))
    assert state is not None and state.name == "Already watched"


async def test_a_live_account_needs_the_parameter_and_then_a_persons_yes_once(desk: Desk) -> None:
    desk.write(person(11))
    refused = await run(desk, account="default")
    assert refused.is_failed() and "live=true" in refused.message
    await run(desk, account="default", live=True)
    waits = await run(desk, account="default", live=True)
    assert (waits.name, desk.provider.contracts) == ("Waits for a yes", [])
    (batch,) = await batches.batches(desk.ledger)
    desk.edit(lambda lines: lines.append(person(12)))
    await run(desk, account="default", live=True)
    still = await run(desk, account="default", live=True)
    assert f"A person is being asked about {batch.id}" in still.message and not desk.provider.contracts
    gate = await gates.of_batch(desk.ledger, batch.id)
    assert gate is not None and await gates.answer(desk.ledger, gate, True) == "open"
    assert "2 sent" in (await run(desk, account="default", live=True)).message
    desk.edit(lambda lines: lines.append(person(13)))
    await run(desk, account="default", live=True)
    assert "1 sent" in (await run(desk, account="default", live=True)).message


async def test_a_question_nobody_answered_in_time_is_put_again(desk: Desk) -> None:
    desk.write(person(11))
    for _ in range(2):
        state = await run(desk, account="default", live=True)
    assert state.name == "Waits for a yes"
    async with desk.ledger.begin() as connection:
        await connection.execute(text("UPDATE gates SET asked_at = asked_at - 90000000"))
    again = await run(desk, account="default", live=True)
    assert again.name == "Waits for a yes" and not desk.provider.contracts
    (batch,) = await batches.batches(desk.ledger)
    gate = await gates.of_batch(desk.ledger, batch.id)
    assert gate is not None and gate.answer is None
    assert "A person is being asked" in (await run(desk, account="default", live=True)).message


@pytest.mark.slow
@pytest.mark.timeout(500)
async def test_the_deployment_suspends_itself_and_sends_what_was_frozen_after_a_yes(
    desk: Desk, prefect_server: dict[str, str], api: httpx.AsyncClient, tmp_path: Path
) -> None:
    env = {**prefect_server, **{name: value for name, value in os.environ.items() if name.startswith("ESIGN_")}}
    deploy = [sys.executable, "-m", "prefect", "--no-prompt"]
    subprocess.run([*deploy, "work-pool", "create", "esign", "--type", "process", "--overwrite"], env=env, check=True)
    subprocess.run([*deploy, "deploy", "--name", "watch-sheet"], env=env, cwd=PROJECT, check=True)
    found = (await api.get("/deployments/name/watch-sheet/watch-sheet")).raise_for_status().json()
    assert found["schedules"] == []
    worker = subprocess.Popen(
        [sys.executable, "-m", "prefect", "worker", "start", "--pool", "esign", "--type", "process"],
        env=env, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    asked = {"parameters": {"recipe": "nda", "sheet": str(desk.path), "account": "default", "live": True}}

    async def ended(run_id: str, *names: str) -> dict[str, Any]:
        for _ in range(240):
            now = (await api.get(f"/flow_runs/{run_id}")).json().get("state") or {}
            if now.get("name") in names or now.get("type") in ("FAILED", "CRASHED"):
                return dict(now)
            await asyncio.sleep(0.5)
        raise AssertionError(now)

    async def start() -> str:
        made = await api.post(f"/deployments/{found['id']}/create_flow_run", json=asked)
        return str(made.raise_for_status().json()["id"])

    try:
        desk.write(person(11), person(12))
        assert (await ended(await start(), "Nothing to send"))["type"] == "COMPLETED"
        begun, suspended = time.monotonic(), await start()
        assert (await ended(suspended, "Suspended"))["name"] == "Suspended", time.monotonic() - begun
        assert not desk.provider.contracts
        (batch,) = await batches.batches(desk.ledger)
        shown = (await api.get(f"/artifacts/{batch.id.lower().replace('_', '-')}-canary/latest")).json()["data"]
        assert "Nothing was sent. **2** rows wait" in shown and "Example" not in shown
        desk.say(0, "purpose", "another project")  # whatever becomes of the sheet meanwhile
        said = {"run_input": {"send_the_others": "yes", "plan": batch.hash[:SHOWN]}}
        assert (await api.post(f"/flow_runs/{suspended}/resume", json=said)).json()["status"] == "ACCEPT"
        assert (await ended(suspended, "Completed"))["type"] == "COMPLETED"
        assert len(desk.provider.contracts) == 2 and "another project" not in str(desk.provider.contracts)
        daily = [{"schedule": {"interval": 86400}, "active": True, "parameters": asked["parameters"], "slug": "people"}]
        (await api.post(f"/deployments/{found['id']}/schedules", json=daily)).raise_for_status()
        subprocess.run([*deploy, "deploy", "--name", "watch-sheet"], env=env, cwd=PROJECT, check=True)
        (kept,) = (await api.get(f"/deployments/{found['id']}")).json()["schedules"]
        assert (kept["slug"], kept["parameters"]["sheet"]) == ("people", str(desk.path)), "deploying again took it away"
    finally:
        await asyncio.to_thread(end, worker)
