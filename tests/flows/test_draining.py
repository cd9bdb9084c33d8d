"""Deliveries, and what follows from them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import event, select, text, update

from blocks.archive import ArchiveWhenNeeded, BlockArchive, archive_of
from flows.accounts import Accounts
from flows.archive.job import keep
from flows.events import announce
from flows.events.apply import apply_waiting
from flows.events.drain import Drained, drain
from flows.lease import LeaseLost, while_leased
from flows.send.job import run_batch
from ledger import archiving, inbox, leases, outbox, reading, schema
from ledger.inbox import Delivery
from ledger.settings import Settings
from ledger.sql import now_ms
from ledger.store import Ledger
from tests.flows.conftest import PROJECT
from tests.flows.drafts import frozen
from tests.flows.fake_provider import PDF, FakeProvider

SECRETS = (SecretStr("made-up-receiver-secret"),)


class Prefect:
    """Takes events like `POST /events`, or fails to."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.down = False
        self.refuses: str | None = None

    async def __call__(self, events: Sequence[dict[str, Any]]) -> None:
        if self.down:
            raise ConnectionError("person01@example.com")
        if self.refuses in {event["event"] for event in events}:
            httpx.Response(422, request=httpx.Request("POST", "http://127.0.0.1/api/events")).raise_for_status()
        self.events += events


@pytest.fixture
def prefect() -> Prefect:
    return Prefect()


async def sent(
    ledger: Ledger, settings: Settings, provider: FakeProvider, count: int, sheet: Path | None = None
) -> str:
    batch_id = await frozen(ledger, provider.settings(), count, sheet=str(sheet or "/nowhere/list.csv"))
    await run_batch(ledger, batch_id, settings, open_account=provider.open_account)
    return batch_id


async def deliver(ledger: Ledger, status: str, contract: dict[str, Any], **data: Any) -> None:
    body = {"status": status, "data": {"contract": {key: contract[key] for key in ("id", "metadata")}, **data}}
    if "link" in contract:
        body["data"]["contract"]["contract_pdf_url"] = contract["link"]
    await put(ledger, json.dumps(body).encode())


async def put(ledger: Ledger, body: bytes, provider: str = "esignatures", genuine: bool = True) -> None:
    delivery = Delivery(
        provider=provider, account="sandbox", identity=f"{time.monotonic_ns()}", body=body, genuine=genuine
    )
    await inbox.put(ledger, [delivery], hints=True)


async def drained(
    ledger: Ledger, settings: Settings, provider: FakeProvider, prefect: Prefect, linger: float = 0.0
) -> Drained:
    archive = await archive_of(settings)
    return await drain(
        ledger, archive, SECRETS, linger_seconds=linger, open_account=provider.open_account, post=prefect
    )


async def effects_of(ledger: Ledger, kind: str) -> list[dict[str, Any]]:
    chosen = select(schema.effects).where(schema.effects.c.kind == kind)
    async with ledger.read() as connection:
        return [dict(row) for row in (await connection.execute(chosen)).mappings()]


async def states(ledger: Ledger, batch_id: str) -> list[str]:
    return [row.state for row in await reading.rows(ledger, batch_id)]


async def test_what_everybody_signed_is_archived_with_its_evidence_and_announced(
    ledger: Ledger, settings: Settings, provider: FakeProvider, prefect: Prefect
) -> None:
    batch_id = await sent(ledger, settings, provider, 2)
    one, _ = provider.contracts
    for signer in one["signers"]:
        await deliver(ledger, "signer-signed", one, signer=signer)
    await deliver(ledger, "contract-signed", {**one, "link": f"{provider.url}/files/{one['id']}"})
    done = await drained(ledger, settings, provider, prefect)
    assert (done.done["deliveries"], done.done["documents"]) == (3, 1)
    assert await states(ledger, batch_id) == ["completed", "sent"]
    document, evidence = sorted((settings.home / "archive").iterdir(), key=lambda file: file.suffix, reverse=True)
    assert document.read_bytes() == PDF and document.name.startswith("NDA 01 E")
    kept = json.loads(evidence.read_bytes())
    assert kept["document"]["name"] == document.name and kept["document"]["size"] == len(PDF)
    assert (settings.home / "archive").stat().st_mode & 0o077 == 0
    names = {event["event"] for event in prefect.events}
    assert {"esign.request.completed", "esign.request.archived"} <= names
    assert len({event["id"] for event in prefect.events}) == len(prefect.events)
    said = json.dumps(prefect.events)
    assert "example.com" not in said and "NDA 01" not in said and "Signer" not in said
    assert provider.calls["get"] == 0


async def test_a_link_that_has_run_out_is_replaced_by_a_fresh_one(
    ledger: Ledger, settings: Settings, provider: FakeProvider, prefect: Prefect
) -> None:
    provider.dead_links = True
    await sent(ledger, settings, provider, 1)
    (one,) = provider.contracts
    await deliver(ledger, "contract-signed", {**one, "link": f"{provider.url}/files/{one['id']}?old"})
    done = await drained(ledger, settings, provider, prefect)
    assert done.done["documents"] == 1 and provider.calls["get"] == 1


async def test_one_bad_delivery_stands_in_nobodys_way(
    ledger: Ledger, settings: Settings, provider: FakeProvider, prefect: Prefect
) -> None:
    batch_id = await sent(ledger, settings, provider, 1)
    (one,) = provider.contracts
    await put(ledger, b"\xff not json")
    await put(ledger, b"{}", provider="nobody")
    await put(ledger, json.dumps({"status": "signer-signed", "data": {"contract": one}}).encode(), genuine=False)
    await put(ledger, json.dumps({"status": "signer-signed", "data": {"contract": {"id": "con-unknown"}}}).encode())
    await deliver(ledger, "signer-declined", one, signer=one["signers"][0], reason_for_decline="No.")
    await drained(ledger, settings, provider, prefect)
    assert await states(ledger, batch_id) == ["declined"]
    assert len(await inbox.dead(ledger)) == 3 and not await inbox.take(ledger, 10)
    assert "No." not in json.dumps(prefect.events)


async def test_many_deliveries_and_one_slow_download_do_not_wait_for_each_other(
    ledger: Ledger, settings: Settings, provider: FakeProvider, prefect: Prefect
) -> None:
    batch_id = await sent(ledger, settings, provider, 30)
    slow = provider.contracts[0]["id"]  # the first of all, so that everything else comes after it
    provider.held_back = {slow: asyncio.Event()}
    for contract in provider.contracts:
        await deliver(ledger, "contract-signed", {**contract, "link": f"{provider.url}/files/{contract['id']}"})
    draining = asyncio.create_task(drained(ledger, settings, provider, prefect))
    async with asyncio.timeout(20):
        while provider.calls["file"] < 30 or len(list((settings.home / "archive").glob("*.pdf"))) < 29:
            await asyncio.sleep(0.05)
    assert set(await states(ledger, batch_id)) == {"completed"}
    await deliver(
        ledger, "signer-viewed-the-contract", provider.contracts[1], signer=provider.contracts[1]["signers"][0]
    )
    async with asyncio.timeout(5):
        while await inbox.take(ledger, 1):
            await asyncio.sleep(0.05)
    assert not draining.done(), "the slow one is still under way, and its drain waits for it"
    provider.held_back[slow].set()
    done = await draining
    assert (done.done["deliveries"], done.done["documents"]) == (31, 30)
    assert len(list((settings.home / "archive").iterdir())) == 60


async def test_what_comes_while_lingering_is_dealt_with_within_a_second(
    ledger: Ledger, settings: Settings, provider: FakeProvider, prefect: Prefect
) -> None:
    batch_id = await sent(ledger, settings, provider, 1)
    lingering = asyncio.create_task(drained(ledger, settings, provider, prefect, linger=2.5))
    await asyncio.sleep(0.5)
    await deliver(ledger, "signer-signed", provider.contracts[0], signer=provider.contracts[0]["signers"][0])
    before = time.monotonic()
    while await states(ledger, batch_id) == ["sent"]:
        await asyncio.sleep(0.02)
    assert time.monotonic() - before < 1
    await lingering


async def test_prefect_being_away_loses_no_event(
    ledger: Ledger, settings: Settings, provider: FakeProvider, prefect: Prefect
) -> None:
    await sent(ledger, settings, provider, 1)
    await deliver(ledger, "signer-signed", provider.contracts[0], signer=provider.contracts[0]["signers"][0])
    prefect.down = True
    await drained(ledger, settings, provider, prefect)
    found = await effects_of(ledger, "event")
    assert found and all(row["state"] == "due" and row["tries"] == 1 for row in found)
    assert {row["problem"] for row in found} == {"ConnectionError"}


async def test_an_event_prefect_refuses_holds_back_no_other(
    ledger: Ledger, settings: Settings, provider: FakeProvider, prefect: Prefect
) -> None:
    await sent(ledger, settings, provider, 1)
    await deliver(ledger, "signer-signed", provider.contracts[0], signer=provider.contracts[0]["signers"][0])
    await deliver(ledger, "contract-signed", provider.contracts[0])
    prefect.refuses = "esign.request.signed"
    await drained(ledger, settings, provider, prefect)
    assert "esign.request.completed" in {told["event"] for told in prefect.events}
    (refused,) = [row for row in await effects_of(ledger, "event") if row["state"] == "due"]
    assert (refused["payload"]["name"], refused["problem"]) == ("esign.request.signed", "HTTPStatusError")


async def test_deliveries_are_applied_in_one_commit(ledger: Ledger, settings: Settings, provider: FakeProvider) -> None:
    await sent(ledger, settings, provider, 5)
    for contract in provider.contracts:
        await deliver(ledger, "contract-signed", contract)
    committed = []
    event.listen(ledger._engine.sync_engine, "commit", committed.append)
    assert await apply_waiting(ledger) == 5
    assert len(committed) == 1


async def test_one_delivery_that_cannot_be_applied_holds_back_no_other(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await sent(ledger, settings, provider, 3)
    for contract in provider.contracts:
        await deliver(ledger, "contract-signed", contract)
    async with ledger.begin() as connection:
        await connection.execute(
            text("CREATE TRIGGER no BEFORE UPDATE ON requests WHEN NEW.row = 3 BEGIN SELECT RAISE(ABORT, 'no'); END")
        )
    assert await apply_waiting(ledger) == 3
    assert await states(ledger, batch_id) == ["completed", "sent", "completed"]
    async with ledger.read() as connection:
        waiting = select(schema.inbox.c.reason).where(schema.inbox.c.state == "waiting")
        assert (await connection.execute(waiting)).scalars().all() == ["It could not be applied (LedgerError)."]


async def test_a_second_drain_ends_at_once(
    ledger: Ledger, settings: Settings, provider: FakeProvider, prefect: Prefect
) -> None:
    first = asyncio.create_task(drained(ledger, settings, provider, prefect, linger=1.5))
    await asyncio.sleep(0.3)
    assert (await drained(ledger, settings, provider, prefect, linger=60)).already_draining
    assert not first.done()
    assert not (await first).already_draining


HOLDER = """
import asyncio, sys
from flows.lease import while_leased
from ledger.store import Ledger

async def main():
    async with await Ledger.open(sys.argv[1]) as ledger:
        async def work():
            print("holding", flush=True)
            await asyncio.sleep(600)
        await while_leased(ledger, "drain", work, seconds=2.0)

asyncio.run(main())
"""


async def test_after_the_holder_was_killed_the_next_drain_starts_as_soon_as_its_lease_is_over(
    ledger: Ledger, settings: Settings, provider: FakeProvider, prefect: Prefect
) -> None:
    batch_id = await sent(ledger, settings, provider, 1)
    await deliver(ledger, "signer-signed", provider.contracts[0], signer=provider.contracts[0]["signers"][0])
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, settings.ledger_url, stdout=subprocess.PIPE, cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )  # fmt: skip
    assert holder.stdout is not None and await holder.stdout.readline() == b"holding\n"
    await asyncio.sleep(2.5)
    assert (await drained(ledger, settings, provider, prefect)).already_draining, "a living holder keeps its lease"
    holder.send_signal(signal.SIGKILL)
    await holder.wait()
    async with ledger.read() as connection:
        left = (await connection.execute(select(schema.leases.c.until - now_ms()))).scalar_one()
    assert left <= 2000, "milliseconds"
    over = False
    while (await drained(ledger, settings, provider, prefect)).already_draining:
        assert not over, "a lease that is over keeps nobody out"
        await asyncio.sleep(0.1)
        over = not await leases.alive(ledger, "drain")
    assert await states(ledger, batch_id) == ["in_progress"]


async def test_work_stops_at_once_when_its_lease_is_taken_away(ledger: Ledger) -> None:
    stopped = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()

    running = asyncio.create_task(while_leased(ledger, "drain", work, seconds=1.0))
    await asyncio.sleep(0.1)
    async with ledger.begin() as connection:
        await connection.execute(update(schema.leases).values(owner="somebody else"))
    with pytest.raises(LeaseLost):
        await running
    assert stopped.is_set()
    assert await leases.alive(ledger, "drain"), "another's lease is not released"


async def test_a_lease_is_given_back_at_the_end(ledger: Ledger) -> None:
    async def work() -> int:
        return 7

    assert await while_leased(ledger, "drain", work) == 7
    assert not await leases.alive(ledger, "drain")


async def test_an_archive_that_cannot_be_written_is_tried_again(
    ledger: Ledger, settings: Settings, provider: FakeProvider, prefect: Prefect
) -> None:
    await sent(ledger, settings, provider, 1)
    await deliver(ledger, "contract-signed", provider.contracts[0])

    class Full:
        async def write(self, name: str, content: bytes) -> None:
            raise OSError(f"no space left for {name}")

        async def read(self, name: str) -> bytes:
            raise OSError

    await drain(ledger, Full(), SECRETS, open_account=provider.open_account, post=prefect)
    assert not await outbox.due(ledger, "archive", 10)
    (effect,) = await effects_of(ledger, "archive")
    assert (effect["state"], effect["tries"], effect["problem"]) == ("due", 1, "OSError")


async def test_an_archive_that_is_not_there_keeps_back_documents_and_nothing_else(
    ledger: Ledger, settings: Settings, provider: FakeProvider, prefect: Prefect, tmp_path: Path
) -> None:
    batch_id = await sent(ledger, settings, provider, 1)
    await deliver(ledger, "contract-signed", provider.contracts[0])
    (tmp_path / "no-folder").write_text("a file")
    nowhere = ArchiveWhenNeeded(settings.model_copy(update={"archive": str(tmp_path / "no-folder" / "signed")}))
    await drain(ledger, nowhere, SECRETS, open_account=provider.open_account, post=prefect)
    (row,) = await reading.rows(ledger, batch_id)
    assert (row.state, row.document) == ("completed", None)
    (effect,) = await effects_of(ledger, "archive")
    assert (effect["state"], effect["tries"]) == ("due", 1)


async def test_archiving_again_keeps_the_same_names(
    ledger: Ledger, settings: Settings, provider: FakeProvider, prefect: Prefect
) -> None:
    batch_id = await sent(ledger, settings, provider, 1)
    await deliver(ledger, "contract-signed", provider.contracts[0])
    await drained(ledger, settings, provider, prefect)
    before = {file.name for file in (settings.home / "archive").iterdir()}
    (row,) = await reading.rows(ledger, batch_id)
    archive = await archive_of(settings)
    assert isinstance(archive, BlockArchive) and row.request_id is not None
    what = (await archiving.to_archive(ledger, [row.request_id]))[row.request_id]
    async with Accounts(provider.open_account) as accounts:
        kept = await keep(accounts, archive, what)
    assert {file.name for file in (settings.home / "archive").iterdir()} == before
    assert what.ref in kept.name and kept.name == row.document


def test_an_announced_event_carries_ids_alone() -> None:
    effect = outbox.Effect(
        id=1, version=1, request_id="req_1", kind="event", tries=0,
        payload={"id": "x", "name": "esign.request.sent", "occurred": "now", "batch_id": "bat_1"},
    )  # fmt: skip
    assert announce.prefect_event(effect)["payload"] == {"request": "req_1", "batch": "bat_1"}
