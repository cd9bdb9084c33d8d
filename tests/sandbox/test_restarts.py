"""What a sandbox keeps when it is stopped or killed, and how it starts and ends."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.sandbox.running import Person, Process, Receiver, customer_of, start, until

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
