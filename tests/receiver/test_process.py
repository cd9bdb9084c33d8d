"""The receiver as it really runs: a process of its own, which is started wrongly, stopped and killed."""

from __future__ import annotations

import asyncio
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from connectors.signing.hooks import hook_url
from ledger.settings import read_settings
from tests.receiver.running import ROOT, command, environment, running
from tests.receiver.stage import API_TOKEN, PERSON, SECRET, body, free_port, signed, sql, until, variables


def once(home: Path, port: int, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(port), env=env, cwd=home, capture_output=True, text=True, timeout=100)


def test_the_receiver_does_not_load_prefect() -> None:
    look = "import sys, receiver.app, receiver.server, receiver.__main__; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], cwd=ROOT, timeout=100).returncode == 0


async def test_what_was_answered_with_200_survives_a_kill(tmp_path: Path) -> None:
    async with running(tmp_path) as receiver:
        answers = [await receiver.client.post(receiver.url, content=body(), headers=signed(body()))]
        receiver.process.send_signal(signal.SIGKILL)
        receiver.process.wait()
    assert [answer.status_code for answer in answers] == [200]
    assert sql(tmp_path / "ledger.db", "SELECT body FROM inbox") == [(body(),)]


async def test_every_200_given_before_a_kill_in_the_middle_of_a_burst_is_in_the_ledger(tmp_path: Path) -> None:
    accepted: list[bytes] = []
    async with running(tmp_path) as receiver:

        async def deliver(content: bytes) -> None:
            answer = await receiver.client.post(receiver.url, content=content, headers=signed(content))
            if answer.status_code == 200:
                accepted.append(content)

        deliveries = [asyncio.create_task(deliver(body(f"con-{number}"))) for number in range(300)]
        await until(lambda: len(accepted) >= 50)
        receiver.process.kill()
        receiver.process.wait()
        await asyncio.gather(*deliveries, return_exceptions=True)
    stored = {row[0] for row in sql(tmp_path / "ledger.db", "SELECT body FROM inbox")}
    assert set(accepted) <= stored


async def test_told_to_stop_it_finishes_what_it_has_accepted_and_is_gone_within_three_seconds(tmp_path: Path) -> None:
    async with running(tmp_path) as receiver:
        deliveries = [
            asyncio.create_task(
                receiver.client.post(receiver.url, content=body(f"con-{n}"), headers=signed(body(f"con-{n}")))
            )
            for n in range(50)
        ]
        _, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(receiver.url).port)
        writer.write(
            f"POST {httpx.URL(receiver.url).path} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf".encode()
        )
        await until(lambda: any(delivery.done() for delivery in deliveries))
        receiver.process.terminate()
        began = time.monotonic()
        code = await asyncio.to_thread(receiver.process.wait, 10)
        assert (code, time.monotonic() - began < 3) == (0, True)
        answers = await asyncio.gather(*deliveries, return_exceptions=True)
        writer.close()
    taken = [answer for answer in answers if isinstance(answer, httpx.Response) and answer.status_code == 200]
    assert taken
    assert sql(tmp_path / "ledger.db", "SELECT count(*) FROM inbox")[0][0] >= len(taken)


async def test_told_to_stop_while_the_ledger_hangs_it_asks_for_another_try_and_goes(tmp_path: Path) -> None:
    async with running(tmp_path) as receiver:
        with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            delivery = asyncio.create_task(receiver.client.post(receiver.url, content=body(), headers=signed(body())))
            await asyncio.sleep(0.3)
            receiver.process.terminate()
            began = time.monotonic()
            code = await asyncio.to_thread(receiver.process.wait, 10)
            assert (code, time.monotonic() - began < 3) == (0, True)
        assert (await delivery).status_code == 503
        assert "Traceback" not in receiver.log.read_text()


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        ended = once(tmp_path, port, environment(tmp_path))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"Port {port} of 127.0.0.1 cannot be used, or is taken: choose another with --port.\n"


def test_a_missing_secret_is_one_sentence(tmp_path: Path) -> None:
    ended = once(tmp_path, free_port(), environment(tmp_path, ESIGN_RECEIVER_SECRET=""))
    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)
    assert "ESIGN_RECEIVER_SECRET" in ended.stderr


def test_a_setting_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    ended = once(tmp_path, free_port(), environment(tmp_path, ESIGN_LEDGER_URL="mysql://somewhere"))
    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)


def test_a_ledger_that_cannot_be_opened_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    url = f"sqlite+aiosqlite:///{tmp_path}/file/ledger.db"
    ended = once(tmp_path, free_port(), environment(tmp_path, ESIGN_LEDGER_URL=url))
    assert ended.returncode == 3
    assert "ESIGN_LEDGER_URL" in ended.stderr
    assert "Traceback" not in ended.stderr


async def test_the_log_holds_neither_tokens_nor_bodies_nor_addresses(tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}/api"
    async with running(tmp_path, PREFECT_API_URL=nowhere) as receiver:
        url, token = receiver.url, receiver.url.rpartition("/")[2]
        deliver = receiver.client.post
        block = hook_url(
            url.partition("/hooks")[0], read_settings(variables(tmp_path)).receiver_secrets, "esignatures", "b"
        )
        await deliver(url, content=body(), headers=signed(body()))
        for _ in range(5):
            await deliver(url, content=body(), headers=signed(body(), "wrong"))
            await deliver(url.replace("default", PERSON), content=body(), headers=signed(body()))
            await deliver(block, content=body(), headers=signed(body()))
        await deliver(url, content=body().ljust(2**20 + 1), headers=signed(body()))
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port)
        writer.write(f"POST {token} {PERSON}\r\n\r\n".encode())
        await reader.read()
        writer.close()
        sql(tmp_path / "ledger.db", "DROP TABLE inbox")
        await deliver(url, content=body("con-02"), headers=signed(body("con-02")))
        receiver.process.terminate()
        await asyncio.to_thread(receiver.process.wait, 10)
        log = receiver.log.read_text()
    for secret in (token, SECRET, API_TOKEN, PERSON, "Signer One", "con-01", "con-02", "E7K2M9Q4XW", "Traceback"):
        assert secret not in log
    assert log.count("no signature or a wrong one") == 1
    assert log.count("never given out") == 1


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_the_command_is_the_same_receiver_and_goes_when_it_is_told_to(
    tmp_path: Path, stop: signal.Signals
) -> None:
    esign = str(Path(sys.executable).with_name("esign"))
    async with running(tmp_path, program=[esign, "receiver"]) as receiver:
        assert (await receiver.client.post(receiver.url, content=body(), headers=signed(body()))).status_code == 200
        receiver.process.send_signal(stop)
        began = time.monotonic()
        code = await asyncio.to_thread(receiver.process.wait, 10)
        assert (code, time.monotonic() - began < 3) == (0, True)
    assert sql(tmp_path / "ledger.db", "SELECT body FROM inbox") == [(body(),)]


def test_the_command_ends_as_the_receiver_does(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("esign")), "receiver", "--port", str(free_port())]
    env = environment(tmp_path, ESIGN_RECEIVER_SECRET="")
    ended = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)
