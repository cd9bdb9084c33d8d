"""Several documents are fetched at the same time, and a slow one keeps no other waiting."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from blocks.archive import ArchiveWhenNeeded
from flows.accounts import Accounts
from flows.archive.archiver import PLACES, Archiver
from flows.events.apply import apply_waiting
from flows.send.job import run_batch
from ledger import inbox, outbox
from ledger.inbox import Delivery
from ledger.settings import Settings
from ledger.store import Ledger
from tests.flows.drafts import frozen
from tests.flows.fake_provider import FakeProvider

NUMBER = 30


@asynccontextmanager
async def completed(ledger: Ledger, settings: Settings, provider: FakeProvider) -> AsyncIterator[Archiver]:
    """Everybody has signed everything, and no document is archived yet."""
    batch_id = await frozen(ledger, provider.settings(), NUMBER)
    await run_batch(ledger, batch_id, settings, open_account=provider.open_account)
    await inbox.put(ledger, [_all_signed(provider, contract["id"]) for contract in provider.contracts])
    while await apply_waiting(ledger):
        pass
    async with (
        Accounts(provider.open_account) as accounts,
        Archiver(ledger, accounts, ArchiveWhenNeeded(settings)) as documents,
    ):
        yield documents


def _all_signed(provider: FakeProvider, contract: str) -> Delivery:
    told = {"id": contract, "contract_pdf_url": f"{provider.url}/files/{contract}"}
    body = json.dumps({"status": "contract-signed", "data": {"contract": told}}).encode()
    return Delivery(
        provider="esignatures", account="sandbox", identity=f"{time.monotonic_ns()}", body=body, genuine=True
    )


def kept(settings: Settings) -> list[Path]:
    return list((settings.home / "archive").glob("*.pdf"))


async def test_slow_downloads_keep_their_places_and_nothing_else_waits(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    async with completed(ledger, settings, provider) as documents:
        slow = [contract["id"] for contract in provider.contracts[: PLACES - 1]]
        provider.held_back = {contract: asyncio.Event() for contract in slow}
        done = 0
        async with asyncio.timeout(20):
            while done < NUMBER - len(slow):
                done += await documents.go_on()
        assert len(kept(settings)) == NUMBER - len(slow)
        for event in provider.held_back.values():
            event.set()
        async with asyncio.timeout(20):
            while last := await documents.go_on():
                done += last
        assert done == len(kept(settings)) == NUMBER
        assert await outbox.due(ledger, "archive", NUMBER) == []


async def test_as_long_as_a_document_is_under_way_there_is_something_to_wait_for(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    """Or a drain would take itself for idle, end, and call the download off."""
    async with completed(ledger, settings, provider) as documents:
        last = provider.contracts[-1]["id"]
        provider.held_back = {last: asyncio.Event()}
        done = 0
        while done < NUMBER - 1:
            done += await documents.go_on()
        waiting = asyncio.create_task(documents.go_on())
        await asyncio.sleep(1.0)
        assert not waiting.done()
        provider.held_back[last].set()
        assert await waiting == 1
        assert await documents.go_on() == 0


async def test_what_is_called_off_stays_due(ledger: Ledger, settings: Settings, provider: FakeProvider) -> None:
    async with completed(ledger, settings, provider) as documents:
        provider.held_back = {contract["id"]: asyncio.Event() for contract in provider.contracts}
        going_on = asyncio.create_task(documents.go_on())
        await asyncio.sleep(0.5)
        assert not going_on.done()
        going_on.cancel()
        await asyncio.gather(going_on, return_exceptions=True)
    assert kept(settings) == []
    assert len(await outbox.due(ledger, "archive", 2 * NUMBER)) == NUMBER
