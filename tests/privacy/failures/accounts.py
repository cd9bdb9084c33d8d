"""Failures of accounts, of the blocks that hold them, and of the environment."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import BlockDocumentUpdate
from pydantic import SecretStr

from blocks.esignatures import ESignaturesCredentials
from flows.events.flow import process_events
from flows.remind.flow import send_reminders
from flows.send.flow import send_batch
from tests.privacy.canaries import BLOCK_TOKEN, STEM, WEBHOOK_SECRET
from tests.privacy.failures.catalogue import failure
from tests.privacy.provider import echoes
from tests.privacy.room import Room, quietly


@failure
async def an_account_that_is_nowhere(room: Room) -> None:
    state = await send_batch(recipe="nda", sheet=str(room.sheet()), account="nowhere", return_state=True)
    assert "AccountNotFound: There is no account 'nowhere'" in (state.message or "")


@failure
async def an_account_that_is_gone_when_people_are_to_be_reminded(room: Room) -> None:
    assert (await room.sent()).is_completed()
    del os.environ["ESIGN_SANDBOX_TOKEN"]
    state = await send_reminders(now=datetime.now(UTC) + timedelta(days=3.1), return_state=True)
    assert state.message == "0 reminders."


@failure
async def an_account_in_a_block_whose_key_is_refused_and_echoed(room: Room) -> None:
    await _save(room, "kept")
    room.provider.faults = [echoes(401)]
    state = await send_batch(recipe="nda", sheet=str(room.sheet()), account="kept", return_state=True)
    assert state.name == "Paused itself" and "Basic" in room.problem()


@failure
async def an_account_in_a_block_that_cannot_be_loaded(room: Room) -> None:
    document = await _save(room, "broken")
    broken = {"api_token": BLOCK_TOKEN, "rate": "often", "webhook_secrets": WEBHOOK_SECRET}
    async with get_client() as client:
        await client.update_block_document(document, BlockDocumentUpdate(data=broken))
    with pytest.raises(Exception, match="failed validation"):
        await ESignaturesCredentials.aload("broken")
    state = await send_batch(recipe="nda", sheet=str(room.sheet()), account="broken", return_state=True)
    assert "AccountNotFound" in (state.message or "")


@failure
async def an_account_that_is_another_one_by_now(room: Room) -> None:
    batch = await room.frozen(room.sheet(name=f"{room.person.sheet}.csv"))
    os.environ["ESIGN_SANDBOX_TOKEN"] = f"{STEM}00-another-token"
    state = await send_batch(batch=batch, return_state=True)
    assert "CannotSend: Account 'sandbox' now has another key" in (state.message or "")


@failure
async def a_variable_that_holds_what_it_should_not(room: Room) -> None:
    os.environ["ESIGN_ESIGNATURES_RATE"] = room.person.rate
    state = await send_batch(recipe="nda", sheet=str(room.sheet()), account="default", return_state=True)
    assert (state.message or "").endswith("Withheld: ValueError")


@failure
async def a_receiver_secret_that_is_too_short(room: Room) -> None:
    os.environ["ESIGN_RECEIVER_SECRET"] = f"{STEM}00-s"
    state = await process_events(linger_seconds=0, return_state=True)
    assert (state.message or "").endswith("Withheld: ValueError")


async def _save(room: Room, name: str) -> UUID:
    credentials = ESignaturesCredentials(
        api_token=SecretStr(BLOCK_TOKEN),
        webhook_secrets=(SecretStr(WEBHOOK_SECRET),),
        base_url=f"{room.provider.url}/esignatures/api",
    )
    with quietly():
        saved: UUID = await credentials.save(name, overwrite=True)
    return saved
