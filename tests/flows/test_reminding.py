"""Reminders and deadlines, at times the test says."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from connectors.signing.model import Event, EventType
from connectors.signing.provider import Provider
from flows.accounts import Accounts
from flows.reconcile.job import pick_up
from flows.remind.job import remind_due
from flows.send.job import run_batch
from ledger import applying, inbox, reading, sending
from ledger.inbox import Delivery
from ledger.planning import freeze
from ledger.settings import Settings
from ledger.store import Ledger
from tests.flows.drafts import draft, frozen
from tests.flows.fake_provider import FakeProvider, cuts, says

DAY = timedelta(days=1)


async def sent(ledger: Ledger, settings: Settings, provider: FakeProvider, count: int) -> str:
    batch_id = await frozen(ledger, provider.settings(), count)
    await run_batch(ledger, batch_id, settings, open_account=provider.open_account)
    return batch_id


async def report(ledger: Ledger, provider: FakeProvider, kind: EventType, at: int = 0, signer: int = 0) -> None:
    """Apply an event about one signer of one contract, as if it had come by webhook."""
    contract = provider.contracts[at]
    identity = f"{kind}{at}{signer}"
    delivery = Delivery(provider="esignatures", account="sandbox", identity=identity, body=b"{}", genuine=True)
    await inbox.put(ledger, [delivery])
    (waiting,) = await inbox.take(ledger, 1)
    event = Event(type=kind, name=str(kind), provider_id=contract["id"], signer_id=contract["signers"][signer]["id"])
    await applying.apply(ledger, waiting.id, "esignatures", "sandbox", event, waiting.received_at)


async def remind(ledger: Ledger, provider: FakeProvider, now: datetime) -> int:
    async with Accounts(provider.open_account) as accounts:
        return await remind_due(ledger, accounts, now)


async def test_only_the_one_whose_turn_it_is_is_reminded_and_only_when_it_is_time(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    await sent(ledger, settings, provider, 2)
    now = datetime.now(UTC)
    assert await remind(ledger, provider, now + 2 * DAY) == 0
    assert await remind(ledger, provider, now + 3.1 * DAY) == 2
    first = [(contract["id"], contract["signers"][0]["id"]) for contract in provider.contracts]
    assert sorted(provider.reminded) == sorted(first)
    assert await remind(ledger, provider, now + 3.1 * DAY) == 0


async def test_after_a_signature_the_next_one_is_reminded_in_their_turn(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    await sent(ledger, settings, provider, 1)
    await report(ledger, provider, EventType.SIGNED)
    assert await remind(ledger, provider, datetime.now(UTC) + 3.1 * DAY) == 1
    assert provider.reminded == [(provider.contracts[0]["id"], provider.contracts[0]["signers"][1]["id"])]


async def test_nobody_gets_more_reminders_than_the_recipe_says(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    await sent(ledger, settings, provider, 1)
    now = datetime.now(UTC)
    for day in range(60):
        await remind(ledger, provider, now + day * DAY)
    assert len(provider.reminded) == 2


async def test_two_runs_at_once_remind_once(ledger: Ledger, settings: Settings, provider: FakeProvider) -> None:
    await sent(ledger, settings, provider, 5)
    now = datetime.now(UTC) + 3.1 * DAY
    both = await asyncio.gather(remind(ledger, provider, now), remind(ledger, provider, now))
    assert sum(both) == 5 and len(set(provider.reminded)) == len(provider.reminded) == 5


async def test_a_reminder_with_an_unknown_outcome_is_not_repeated(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    await sent(ledger, settings, provider, 1)
    provider.faults = [cuts(provider, after_accepting=False)]
    now = datetime.now(UTC) + 3.1 * DAY
    assert await remind(ledger, provider, now) == 1
    assert await remind(ledger, provider, now + 0.1 * DAY) == 0
    assert provider.calls["remind"] == 1


async def test_an_account_that_asks_to_wait_is_left_alone_and_the_rest_stays_due(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    await sent(ledger, settings, provider, 4)
    provider.faults = [says(429)]
    now = datetime.now(UTC) + 3.1 * DAY
    assert await remind(ledger, provider, now) == 0
    assert provider.calls["remind"] == 1
    assert await remind(ledger, provider, now) == 4
    assert await remind(ledger, provider, now) == 0


async def test_an_account_that_cannot_be_opened_holds_up_no_other(
    ledger: Ledger, settings: Settings, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.remind.job.AT_ONCE", 2)
    await sent(ledger, settings, provider, 2)
    second = draft(provider.settings(), 1, first=50).model_copy(update={"account": "second"})
    await run_batch(ledger, (await freeze(ledger, second)).batch_id, settings, open_account=provider.open_account)

    async def only_the_second(name: str, account: str) -> Provider:
        if account != "second":
            raise KeyError(account)
        return await provider.open_account(name, account)

    async with Accounts(only_the_second) as accounts:
        assert await remind_due(ledger, accounts, datetime.now(UTC) + 3.1 * DAY) == 1


async def test_a_passed_deadline_expires_what_nobody_completed(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await sent(ledger, settings, provider, 3)
    await report(ledger, provider, EventType.COMPLETED)
    async with Accounts(provider.open_account) as accounts:
        assert (await pick_up(ledger, accounts, datetime.now(UTC) + 29 * DAY)).expired == 0
        assert (await pick_up(ledger, accounts, datetime.now(UTC) + 31 * DAY)).expired == 2
    assert [row.state for row in await reading.rows(ledger, batch_id)] == ["completed", "expired", "expired"]


async def test_the_sweep_settles_what_a_killed_process_left_behind(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    await sent(ledger, settings, provider, 1)
    batch_id = await frozen(ledger, provider.settings(), 2, first=50)
    await asyncio.sleep(0.05)
    lost, got_through = await sending.claim(ledger, batch_id, "killed", 2, lease_seconds=0.1)
    provider.accept({"metadata": got_through.ref, "signers": []})
    await asyncio.sleep(0.2)
    async with Accounts(provider.open_account) as accounts:
        swept = await pick_up(ledger, accounts, datetime.now(UTC))
    assert (swept.claims, swept.found, swept.absent, swept.unclear) == (2, 1, 1, 0)
    states = {row.request_id: row.state for row in await reading.rows(ledger, batch_id)}
    assert (states[lost.request_id], states[got_through.request_id]) == ("planned", "sent")


async def test_an_account_that_is_gone_keeps_no_other_from_being_swept(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await frozen(ledger, provider.settings(), 1)
    await sending.claim(ledger, batch_id, "killed", 1, lease_seconds=0.01)
    await asyncio.sleep(0.05)

    async def gone(provider: str, account: str) -> None:
        raise KeyError(account)

    async with Accounts(gone) as accounts:  # type: ignore[arg-type]
        swept = await pick_up(ledger, accounts, datetime.now(UTC))
    assert swept.failed == ("KeyError",) and swept.claims == 1
