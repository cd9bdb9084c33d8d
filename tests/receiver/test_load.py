"""Twenty thousand deliveries, repeated, shuffled and forged, under kills; and two receivers on one ledger."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from connectors.signing.accounts import from_environment
from connectors.signing.hooks import hook_url
from connectors.signing.model import Snapshot, Status
from flows.events.apply import apply_waiting
from ledger import sending
from ledger.sending import Sent, Wish
from ledger.store import Ledger
from tests.flows.drafts import frozen
from tests.receiver.running import command, environment
from tests.receiver.stage import SECRET, body, free_port, signed, sql, until

KEY = "key-of-the-sandbox-account"
ACCOUNT = {"ESIGN_SANDBOX_URL": "http://127.0.0.1:9", "ESIGN_SANDBOX_TOKEN": KEY}
SEED = 20_000
AT_ONCE = 60
KILLS = 5

FIRST, SECOND, NOBODY = 1, 2, 0
STORIES: dict[str, Sequence[tuple[str, int]]] = {
    "completed": [
        ("contract-sent-to-signer", FIRST), ("signer-viewed-the-contract", FIRST), ("signer-signed", FIRST),
        ("signer-signed", SECOND), ("contract-signed", NOBODY),
    ],
    "declined": [
        ("contract-sent-to-signer", FIRST), ("signer-signed", FIRST), ("signer-viewed-the-contract", SECOND),
        ("signer-declined", SECOND), ("contract-withdrawn", NOBODY),
    ],
    "canceled": [
        ("contract-sent-to-signer", FIRST), ("signer-viewed-the-contract", FIRST), ("signer-signed", FIRST),
        ("signer-viewed-the-contract", SECOND), ("contract-withdrawn", NOBODY),
    ],
    "in_progress": [
        ("contract-sent-to-signer", FIRST), ("signer-viewed-the-contract", FIRST), ("signer-signed", FIRST),
        ("contract-sent-to-signer", SECOND), ("signer-viewed-the-contract", SECOND),
    ],
    "sent": [
        ("contract-sent-to-signer", FIRST), ("signer-viewed-the-contract", FIRST), ("contract-sent-to-signer", SECOND),
        ("signer-viewed-the-contract", SECOND), ("contract-reminder-sent-to-signer", SECOND),
    ],
}  # fmt: skip
"""What the provider reports of a request that ends, or stands, as the name says; five events each."""


def delivery(number: int, name: str, who: int) -> bytes:
    contract: dict[str, Any] = {"id": f"con-{number}", "title": f"Agreement {number}", "test": "yes"}
    data: dict[str, Any] = {"contract": contract}
    if who:
        email = f"person{number:02}@example.com" if who == FIRST else "person00@example.com"
        data["signer"] = {"id": f"sig-{number}-{who}", "email": email, "name": f"Signer {who}"}
    if name == "contract-signed":
        contract["contract_pdf_url"] = f"https://files.example.com/{number}.pdf"
    return json.dumps({"status": name, "data": data}).encode()


@dataclass
class Receivers:
    """Receiver processes over one ledger, each on a port of its own, which can be killed and started again."""

    home: Path
    more: dict[str, str]
    ports: list[int]
    processes: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    def hook(self, which: int = 0) -> str:
        return hook_url(f"http://127.0.0.1:{self.ports[which]}", [SecretStr(SECRET)], "esignatures", "sandbox")

    async def start(self, which: int = 0) -> None:
        port = self.ports[which]
        env = environment(self.home, **ACCOUNT, **self.more)
        with (self.home / f"receiver-{which}.log").open("ab") as log:
            self.processes[which] = subprocess.Popen(command(port), env=env, cwd=self.home, stdout=log, stderr=log)
        async with aiohttp.ClientSession() as client:

            async def healthy() -> bool:
                assert self.processes[which].poll() is None
                with contextlib.suppress(aiohttp.ClientError):
                    async with client.get(f"http://127.0.0.1:{port}/healthz") as answer:
                        return answer.status == 200
                return False

            await until(healthy, 100)

    async def kill(self, which: int = 0) -> None:
        process = self.processes.pop(which)
        process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(process.wait)


@contextlib.asynccontextmanager
async def receivers(home: Path, number: int, **more: str) -> AsyncIterator[Receivers]:
    running = Receivers(home, more, [free_port() for _ in range(number)])
    try:
        for which in range(number):
            await running.start(which)
        yield running
    finally:
        for which in list(running.processes):
            await running.kill(which)


@dataclass
class Provider:
    """Sends each delivery until it is answered 2xx, as a provider does; a forger, whose are refused, does not."""

    client: aiohttp.ClientSession
    taken: int = 0
    refused: int = 0
    again: int = 0

    async def send(self, url: str, content: bytes, headers: dict[str, str], genuine: bool) -> None:
        while True:
            status = 0
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with self.client.post(url, data=content, headers=headers) as answer:
                    status = answer.status
            if genuine and 200 <= status < 300:
                self.taken += 1
                return
            if not genuine and status:
                assert status in (401, 503), "a forgery was not refused"
                if status == 401:
                    self.refused += 1
                    return
            self.again += 1
            await asyncio.sleep(0.05)

    async def send_all(self, sendings: Iterator[tuple[str, bytes, dict[str, str], bool]]) -> None:
        async def some() -> None:
            for one in sendings:
                await self.send(*one)

        await asyncio.gather(*(some() for _ in range(AT_ONCE)))


async def sent_batch(ledger: Ledger, count: int) -> None:
    """A batch that is out: the provider knows its requests as con-1, con-2, …"""
    account = from_environment("esignatures", "sandbox", ACCOUNT)
    assert account is not None
    batch = await frozen(ledger, account, count)
    while rows := (await sending.turn_over(ledger, (), Wish(batch, "test", 500, 60))).rows:
        await sending.record(
            ledger,
            [
                Sent(
                    request_id=row.request_id,
                    attempt=row.attempt,
                    snapshot=Snapshot(id=f"con-{row.row - 1}", status=Status.SENT, ref=row.ref),
                )
                for row in rows
            ],
        )


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_under_kills_every_genuine_delivery_is_kept_once_no_forged_one_is_and_the_ledger_ends_with_the_truth(
    tmp_path: Path,
) -> None:
    chance = random.Random(SEED)
    truth = {f"con-{number}": chance.choice(list(STORIES)) for number in range(1, 4_001)}
    genuine = [delivery(number, *event) for number, state in enumerate(truth.values(), 1) for event in STORIES[state]]
    forged = [chance.choice(genuine).replace(b'"test": "yes"', b'"test": "no"') for _ in range(len(genuine) // 20)]
    async with await Ledger.open(f"sqlite+aiosqlite:///{tmp_path}/ledger.db") as ledger:
        await sent_batch(ledger, len(truth))
    async with receivers(tmp_path, 1) as running, aiohttp.ClientSession() as client:
        url = running.hook()
        sendings = [
            (url, content, signed(content, KEY), True) for content in genuine for _ in range(chance.randint(1, 3))
        ]
        for content in forged:
            of_another = signed(content, "wrong") if chance.random() < 0.5 else signed(chance.choice(genuine), KEY)
            sendings.append((url, content, of_another, False))
        chance.shuffle(sendings)
        copies = len(sendings) - len(forged)
        provider = Provider(client)
        delivering = asyncio.create_task(provider.send_all(iter(sendings)))
        for kill in range(1, KILLS + 1):
            await until(lambda kill=kill: provider.taken >= kill * copies // (KILLS + 1), 120)  # type: ignore[misc]
            await running.kill()
            await running.start()
        await delivering
        log = (tmp_path / "receiver-0.log").read_text()
    assert (provider.taken, provider.refused) == (copies, len(forged))
    assert provider.again >= KILLS  # the kills were felt
    assert "Traceback" not in log
    kept = Counter(row[0] for row in sql(tmp_path / "ledger.db", "SELECT body FROM inbox"))
    assert kept == Counter(genuine)
    assert sql(tmp_path / "ledger.db", "SELECT DISTINCT state, genuine FROM inbox") == [("waiting", 1)]
    async with await Ledger.open(f"sqlite+aiosqlite:///{tmp_path}/ledger.db") as ledger:
        while await apply_waiting(ledger):
            pass
    assert dict(sql(tmp_path / "ledger.db", "SELECT provider_id, state FROM requests")) == truth
    assert sql(tmp_path / "ledger.db", "SELECT DISTINCT state FROM inbox") == [("done",)]


POSTGRES = os.environ.get("ESIGN_TEST_POSTGRES_URL")


@pytest.mark.postgres
@pytest.mark.skipif(not POSTGRES, reason="ESIGN_TEST_POSTGRES_URL is not set (tests/postgres.sh)")
@pytest.mark.timeout(180)
async def test_two_receivers_that_take_the_same_deliveries_at_once_keep_each_once(tmp_path: Path) -> None:
    async with database() as url, receivers(tmp_path, 2, ESIGN_LEDGER_URL=url) as running:
        contents = [body(f"con-{number}") for number in range(1_500)]
        chance = random.Random(SEED)
        sendings = [(running.hook(which), one, signed(one, KEY), True) for one in contents for which in (0, 1, 0)]
        ordered = sorted(sendings, key=lambda one: (one[1], chance.random()))  # both get each at the same time
        async with aiohttp.ClientSession() as client:
            provider = Provider(client)
            begun = time.monotonic()
            await provider.send_all(iter(ordered))
        assert (provider.taken, provider.again) == (len(ordered), 0)
        assert time.monotonic() - begun < 60
        engine = create_async_engine(url)
        async with engine.connect() as connection:
            kept = [bytes(row[0]) for row in await connection.execute(text("SELECT body FROM inbox"))]
        await engine.dispose()
        assert sorted(kept) == sorted(contents)


@contextlib.asynccontextmanager
async def database() -> AsyncIterator[str]:
    """A database of its own on the Postgres at hand, dropped afterwards."""
    assert POSTGRES
    name = f"receivers_{uuid.uuid4().hex[:12]}"
    admin = create_async_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    try:
        async with admin.connect() as connection:
            await connection.execute(text(f"CREATE DATABASE {name}"))
        yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    finally:
        async with admin.connect() as connection:
            await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        await admin.dispose()
