"""Failures of a provider while rows are sent to it, people reminded, and its list searched."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from flows.reconcile.flow import sweep
from flows.remind.flow import send_reminders
from flows.send.flow import send_batch
from tests.flows.fake_provider import cuts
from tests.privacy.canaries import API_TOKEN
from tests.privacy.failures.catalogue import failure
from tests.privacy.provider import answers, echoes, echoes_as_garbage, half_an_answer, takes
from tests.privacy.room import Room


@failure
async def a_provider_that_answers_400_and_echoes_the_request(room: Room) -> None:
    room.provider.faults = [echoes(400)]
    state = await room.sent()
    assert "1 refused" in (state.message or "") and room.person.email in room.problem()


@failure
async def a_provider_that_answers_401_and_echoes_the_key(room: Room) -> None:
    room.provider.faults = [echoes(401)]
    state = await room.sent()
    assert state.name == "Paused itself" and "key" in (state.message or "") and "Basic" in room.problem()


@failure
async def a_provider_that_answers_402_and_echoes_the_request(room: Room) -> None:
    room.provider.faults = [echoes(402)]
    state = await room.sent()
    assert state.name == "Paused itself" and "quota" in (state.message or "")


@failure
async def a_provider_that_answers_429_and_asks_for_a_long_wait(room: Room) -> None:
    room.provider.faults = [echoes(429, **{"Retry-After": "3600"})]
    state = await room.sent()
    assert state.name == "Paused itself" and "wait" in (state.message or "")


@failure
async def a_provider_that_answers_500_and_echoes_the_request(room: Room) -> None:
    room.provider.faults = [echoes(500)]
    assert "1 unclear" in ((await room.sent()).message or "") and room.person.email in room.problem()


@failure
async def a_provider_that_points_elsewhere_with_the_person_in_the_address(room: Room) -> None:
    room.provider.faults = [echoes(302, Location=f"https://example.com/?for={room.person.email}")]
    assert "1 unclear" in ((await room.sent()).message or "")


@failure
async def a_provider_that_answers_too_late(room: Room) -> None:
    room.provider.faults = [takes(1.5)]
    assert "1 unclear" in ((await room.sent(account="default")).message or "")


@failure
async def a_provider_that_hangs_up(room: Room) -> None:
    room.provider.faults = [cuts(room.provider, after_accepting=False)]
    assert "1 unclear" in ((await room.sent(account="default")).message or "")


@failure
async def a_provider_that_hangs_up_in_the_middle_of_its_answer(room: Room) -> None:
    room.provider.faults = [half_an_answer()]
    assert "1 unclear" in ((await room.sent(account="default")).message or "")


@failure
async def a_provider_whose_200_is_garbage(room: Room) -> None:
    room.provider.faults = [echoes_as_garbage(200)]
    assert "1 unclear" in ((await room.sent(account="default")).message or "")


@failure
async def a_provider_whose_200_has_another_shape(room: Room) -> None:
    room.provider.faults = [answers({"data": {"contract": [room.person.row]}})]
    assert "1 unclear" in ((await room.sent(account="default")).message or "")


@failure
async def a_provider_that_refuses_everybody(room: Room) -> None:
    room.provider.faults = [echoes(422) for _ in range(12)]
    state = await room.sent(*room.others(12))
    assert state.name == "Paused itself" and "refused 11" in (state.message or "")


@failure
async def a_run_that_is_cancelled_in_the_middle_of_a_call(room: Room) -> None:
    room.provider.faults = [takes(0.5)]
    batch = await room.frozen(room.sheet(name=f"{room.person.sheet}.csv"))
    sending = asyncio.ensure_future(send_batch(batch=batch, return_state=True))
    while not room.provider.calls["create"]:
        await asyncio.sleep(0.01)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert room.sql("SELECT state FROM requests") == [("sent",)]


@failure
async def a_reminder_that_is_refused_with_the_address_echoed(room: Room) -> None:
    assert (await room.sent()).is_completed()
    room.provider.faults = [echoes(400)]
    state = await send_reminders(now=datetime.now(UTC) + timedelta(days=3.1), return_state=True)
    assert state.is_completed() and room.sql("SELECT outcome FROM reminders") == [("not sent",)]


@failure
async def a_search_that_fails_and_echoes_what_was_searched(room: Room) -> None:
    room.provider.faults = [echoes(500)]
    await room.sent(account="default")
    room.provider.contracts, room.provider.list_status = [{"of": room.person.row, "key": API_TOKEN}], 500
    state = await sweep(return_state=True)
    assert state.is_completed() and "1 unclear" in (state.message or "")
