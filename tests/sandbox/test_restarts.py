"""What a sandbox keeps when it is stopped or killed, and how it starts and ends."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sqlite3
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.sandbox.running import Person, Process, Receiver, customer_of, running, start, until

pytestmark = pytest.mark.slow

STOP_SECONDS = 6
"""It takes one to two on a quiet machine; tests often run on a busy one."""


async def test_a_stop_keeps_contracts_mails_and_webhooks_that_are_still_to_be_delivered(
    tmp_path: Path, receiver: Receiver
) -> None:
    receiver.answers = [503]
    first = await start(tmp_path, "--clock-factor", "1800")
    async with customer_of(first.url) as customer:
        contract = await customer.create("person01@example.com", custom_webhook_url=receiver.url)
        await until(lambda: len(receiver.refused) == 1)
    began = time.monotonic()
    assert await first.end(signal.SIGTERM) == 0
    assert time.monotonic() - began < STOP_SECONDS
    second = await start(tmp_path, "--clock-factor", "1800")
    async with customer_of(second.url) as customer:
        assert (await customer.contract(contract["id"]))["status"] == "sent"
        (mail,) = await Person(second.url).mails()
        assert any(link.href.startswith(f"{second.url}/sign/") for link in mail.links)
        await receiver.wait_for("contract-sent-to-signer")
    assert await second.end(signal.SIGTERM) == 0


async def test_a_kill_right_after_the_answer_loses_nothing(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answers = [500]
    process = await start(tmp_path, "--clock-factor", "3600")
    async with customer_of(process.url) as customer:
        answers = await asyncio.gather(
            *(customer.create("person01@example.com", custom_webhook_url=receiver.url) for _ in range(20))
        )
    await process.end(signal.SIGKILL)
    process = await start(tmp_path, "--clock-factor", "3600")
    async with customer_of(process.url) as customer:
        assert {one["id"] for one in await customer.admin("/contracts")} == {one["id"] for one in answers}
        for contract in answers:
            await until(lambda one=contract: receiver.events(one["id"]) != [])
    await process.end(signal.SIGTERM)


async def test_a_pdf_that_a_kill_interrupted_is_made_at_the_next_start(tmp_path: Path, receiver: Receiver) -> None:
    process = await start(tmp_path)
    async with customer_of(process.url) as customer:
        contract = await customer.create("person01@example.com", custom_webhook_url=receiver.url)
        person = Person(process.url)
        await person.sign(contract["signers"][0]["sign_page_url"])
    await process.end(signal.SIGKILL)
    process = await start(tmp_path)
    await receiver.wait_for("contract-signed")
    assert receiver.events().count("contract-signed") == 1
    await process.end(signal.SIGTERM)


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for children under /proc")
async def test_a_killed_sandbox_leaves_no_process_behind(tmp_path: Path) -> None:
    process = await start(tmp_path)
    children = Path(f"/proc/{process.inner.pid}/task/{process.inner.pid}/children")
    await until(lambda: children.read_text() != "", 10)
    numbers = children.read_text().split()
    await process.end(signal.SIGKILL)
    await until(lambda: not any(_alive(number) for number in numbers))


def _alive(number: str) -> bool:
    stat = Path(f"/proc/{number}/stat")
    try:
        return stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


async def _refused(*arguments: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", *arguments, stderr=asyncio.subprocess.PIPE
    )
    _, said = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode, said.decode()


async def test_a_taken_port_is_one_sentence_and_exit_code_two(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, said = await _refused("--home", str(tmp_path), "--port", str(taken.getsockname()[1]))
    assert code == 2
    assert said.count("\n") == 1
    assert "choose another --port" in said


async def test_a_stop_does_not_wait_for_slow_callers_slow_receivers_or_busy_robots(
    tmp_path: Path, receiver: Receiver
) -> None:
    receiver.delay = 20
    process = await start(tmp_path, "--robots", "--robot-delay", "0.1")
    async with customer_of(process.url) as customer:
        for _ in range(20):
            await customer.create("person01@example.com", custom_webhook_url=receiver.url)
        await customer.fault("GET /esignatures/api/templates", "delay:20")
        slow = asyncio.create_task(customer.get("/templates"))
        await asyncio.sleep(0.5)
        began = time.monotonic()
        assert await process.end(signal.SIGTERM) == 0
        assert time.monotonic() - began < STOP_SECONDS
        await asyncio.gather(slow, return_exceptions=True)
    receiver.delay = 0


async def test_two_sandboxes_do_not_share_a_home(tmp_path: Path) -> None:
    process = await start(tmp_path)
    code, said = await _refused("--home", str(tmp_path), "--port", "0")
    assert code == 2
    assert said.count("\n") == 1
    await process.end(signal.SIGTERM)


async def test_without_a_token_the_home_keeps_one_for_its_owner_alone(tmp_path: Path) -> None:
    process = await start(tmp_path, "--token", "")
    await process.end(signal.SIGTERM)
    assert not (tmp_path / "token").exists()  # SANDBOX_TOKEN was set
    inner = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", "--home", str(tmp_path), "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    assert inner.stdout is not None
    url = (await inner.stdout.readline()).decode().split("ready at ", 1)[1].split()[0]
    token = (tmp_path / "token").read_text()
    assert (tmp_path / "token").stat().st_mode & 0o077 == 0
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{url}/esignatures/api/templates", auth=(token, ""))).status_code == 200
        assert json.loads((await client.get(f"{url}/_sandbox/health")).text) == {"ok": True}
    await Process(inner, url).end(signal.SIGINT)


async def test_an_accounts_webhook_address_is_given_in_the_environment(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_WEBHOOK_ESIGNATURES", receiver.url)
    process = await start(tmp_path, "--webhook-url", "http://127.0.0.1:1/")
    async with customer_of(process.url) as customer:
        await customer.create("person01@example.com")
        await receiver.wait_for("contract-sent-to-signer")
    await process.end(signal.SIGTERM)


OLDER = """
CREATE TABLE contracts (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL,
  pending INTEGER NOT NULL, record BLOB NOT NULL);
CREATE INDEX contracts_pending ON contracts (pending) WHERE pending;
CREATE TABLE signers (id TEXT PRIMARY KEY, contract TEXT NOT NULL);
"""
OLDER_RECORD = {
    "id": "0f8c2b6e-0000-4000-8000-000000000001", "dialect": "esignatures", "title": "Terms", "body": "# Terms",
    "sender": "The sandbox account", "created_at": "2026-01-31T12:00:00.250000Z",
    "signers": [
        {
            "id": "0f8c2b6e-0000-4000-8000-000000000002", "name": "Signer One", "email": "person01@example.com",
            "mobile": "", "company_name": "", "order": 1, "auto_sign": False, "request_by": ["email"],
            "final_by": "email", "second_factors": [], "redirect_url": "", "state": "invited", "asked": True,
            "signed_at": None, "signature": None, "values": {}, "ip": "", "agent": "",
        }
    ],
    "placeholders": [], "prefilled": {}, "metadata": "m", "labels": [], "source": "api", "test": True,
    "webhook_url": "", "life_hours": 1.0, "expires_at": "2026-01-31T13:00:00.250000Z", "state": "sent",
    "finished_at": None, "preview_wanted": False, "history": [],
    "wording": {
        "request_subject": "", "request_text": "", "final_subject": "", "final_text": "", "copies_to": [],
        "reply_to": "",
    },
}  # fmt: skip


async def test_a_home_from_the_time_when_there_was_one_dialect_is_taken_over(tmp_path: Path) -> None:
    signer = OLDER_RECORD["signers"][0]["id"]  # type: ignore[index]
    open_one = OLDER_RECORD | {
        "id": "0f8c2b6e-0000-4000-8000-000000000003", "expires_at": None, "life_hours": None,
        "signers": [OLDER_RECORD["signers"][0] | {"id": "0f8c2b6e-0000-4000-8000-000000000004"}],  # type: ignore[index]
    }  # fmt: skip
    with sqlite3.connect(tmp_path / "sandbox.db") as older:
        older.executescript(OLDER)
        for record in (OLDER_RECORD, open_one):
            older.execute(
                "INSERT INTO contracts (id, state, pending, record) VALUES (?, 'sent', 0, ?)",
                (record["id"], json.dumps(record).encode()),
            )
            older.execute("INSERT INTO signers VALUES (?, ?)", (record["signers"][0]["id"], record["id"]))  # type: ignore[index]
    older.close()
    async with running(tmp_path) as customer:

        async def expired() -> bool:
            return [one["status"] for one in await customer.admin("/contracts")] == ["sent", "expired"]

        await until(expired)
        assert (await customer.contract(OLDER_RECORD["id"]))["metadata"] == "m"  # type: ignore[arg-type]
        assert (await customer.contract(OLDER_RECORD["id"]))["status"] == "sent"  # type: ignore[arg-type]
        person = Person(customer.url)
        assert not await person.may_sign(f"/sign/{signer}")
        assert (await person.sign("/sign/0f8c2b6e-0000-4000-8000-000000000004")).status_code == 303
