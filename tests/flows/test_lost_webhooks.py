"""What a webhook should have told and did not is found in the provider's list, in few calls, and said."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from blocks.archive import ArchiveWhenNeeded
from connectors.signing.provider import Provider
from flows.accounts import Accounts
from flows.events.drain import drain
from flows.reconcile.lost import Looked, look_for_lost
from flows.reconcile.lost_flow import table
from ledger import schema
from ledger.settings import Settings
from ledger.store import Ledger
from tests.flows.fake_leap import FakeLeap
from tests.flows.fake_provider import FakeProvider
from tests.flows.test_draining import Prefect, deliver, effects_of, sent, states
from tests.flows.test_hints import sent as sent_by_leap

SECRETS = (SecretStr("made-up-receiver-secret"),)


@pytest.fixture
async def leap() -> AsyncIterator[FakeLeap]:
    async with FakeLeap() as fake:
        yield fake


async def look(
    ledger: Ledger, settings: Settings, provider: FakeProvider | FakeLeap, calls: int = 50, patience: float = 0.0
) -> list[Looked]:
    async def catch_up() -> None:
        archive = ArchiveWhenNeeded(settings)
        await drain(ledger, archive, SECRETS, open_account=provider.open_account, post=Prefect())

    async with Accounts(provider.open_account) as accounts:
        looked = await look_for_lost(ledger, accounts, calls, patience, catch_up)
    await catch_up()
    return looked


def sign(provider: FakeProvider, *places: int) -> None:
    """Everybody signs these, and no webhook says so."""
    for place in places:
        provider.contracts[place]["status"] = "signed"


async def test_a_completion_whose_webhook_was_lost_is_found_archived_and_reported(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await sent(ledger, settings, provider, 5)
    sign(provider, 1, 3)
    provider.calls.clear()
    (one,) = await look(ledger, settings, provider)
    assert await states(ledger, batch_id) == ["sent", "completed", "sent", "completed", "sent"]
    assert [(lost.before.value, lost.after.value) for lost in one.lost] == [("sent", "completed")] * 2
    assert str(one) == "esignatures/sandbox: 1 calls, 2 lost webhooks made up for"
    assert provider.calls["recent"] == 1
    assert len(list((settings.home / "archive").glob("*.pdf"))) == 2
    (again,) = await look(ledger, settings, provider)
    assert again.lost == [], "what was found is known from now on"


async def test_no_request_is_asked_about_by_itself(ledger: Ledger, settings: Settings, provider: FakeProvider) -> None:
    await sent(ledger, settings, provider, 5)
    provider.contracts[0]["status"] = "withdrawn"
    provider.calls.clear()
    await look(ledger, settings, provider)
    assert dict(provider.calls) == {"recent": 1}


async def test_what_the_list_shows_and_we_know_already_is_no_loss(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    await sent(ledger, settings, provider, 2)
    (one,) = await look(ledger, settings, provider)
    assert (one.lost, one.unseen, one.calls) == ([], 0, 1)
    assert await effects_of(ledger, "archive") == []


async def test_a_webhook_that_is_on_its_way_is_waited_for_and_not_called_lost(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await sent(ledger, settings, provider, 2)
    sign(provider, 0, 1)
    looking = asyncio.create_task(look(ledger, settings, provider, patience=1.0))
    await asyncio.sleep(0.4)
    await deliver(ledger, "contract-signed", provider.contracts[0])
    (one,) = await looking
    assert len(one.lost) == 1
    assert await states(ledger, batch_id) == ["completed", "completed"]


async def test_a_late_signature_beats_a_deadline_of_ours(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await sent(ledger, settings, provider, 2)
    async with ledger.begin() as connection:
        await connection.execute(update(schema.requests).where(schema.requests.c.row == 2).values(state="expired"))
    sign(provider, 0, 1)
    await look(ledger, settings, provider)
    assert (await states(ledger, batch_id))[1] == "completed"


async def test_an_account_that_is_switched_off_is_not_asked(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    await sent(ledger, settings, provider, 1)
    provider.settings_given = {"reconcile": False}
    provider.calls.clear()
    (one,) = await look(ledger, settings, provider)
    assert str(one) == "esignatures/sandbox: 1 open requests not seen, switched off in its settings"
    assert not provider.calls


async def test_a_provider_without_a_list_is_never_asked_request_by_request(
    ledger: Ledger, settings: Settings, leap: FakeLeap
) -> None:
    await sent_by_leap(ledger, settings, leap)
    leap.finish("prj-1")
    asked = leap.asked
    (one,) = await look(ledger, settings, leap)
    assert one.problem == "it has no list that says how requests stand" and (one.calls, one.unseen) == (0, 1)
    assert leap.asked == asked


async def test_no_more_calls_are_made_than_the_budget_allows(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    await sent(ledger, settings, provider, 1)
    provider.calls.clear()
    (one,) = await look(ledger, settings, provider, calls=0)
    assert (one.calls, one.unseen, one.problem) == (0, 1, "the calls for this run were used up")
    assert not provider.calls


async def test_open_requests_that_the_list_does_not_show_are_counted(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    await sent(ledger, settings, provider, 3)
    provider.hides = True
    (one,) = await look(ledger, settings, provider)
    assert str(one) == "esignatures/sandbox: 1 calls, 0 lost webhooks made up for, 3 open requests not seen"


async def test_an_account_that_cannot_be_opened_is_named_and_the_run_goes_on(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    await sent(ledger, settings, provider, 1)

    async def gone(name: str, account: str) -> Provider:
        raise ValueError("person01@example.com")

    async def nothing() -> None: ...

    async with Accounts(gone) as accounts:
        (one,) = await look_for_lost(ledger, accounts, 50, 0.0, nothing)
    assert one.problem == "the list could not be read (ValueError)"


async def test_what_the_provider_names_under_another_mark_is_left_alone(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await sent(ledger, settings, provider, 1)
    sign(provider, 0)
    provider.contracts[0]["metadata"] = "E-SOMEBODYS"
    (one,) = await look(ledger, settings, provider)
    assert one.lost == [] and await states(ledger, batch_id) == ["sent"]


async def test_what_prefect_shows_are_ids_and_states(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    await sent(ledger, settings, provider, 1)
    sign(provider, 0)
    looked = await look(ledger, settings, provider)
    async with ledger.read() as connection:
        (request_id,) = (await connection.execute(select(schema.requests.c.id))).scalars()
    shown: list[dict[str, Any]] = table(looked)
    account = {"account": "esignatures/sandbox"}
    assert shown == [{**account, "request": request_id, "before": "sent", "now": "completed"}]
    assert "example.com" not in json.dumps(shown) and "Signer" not in f"{looked!s}"
