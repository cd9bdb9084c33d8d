"""A person steers a batch against a provider on the loopback that fails on command."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import update

from flows.accounts import Accounts
from flows.batch.cancel import CannotCancel, cancel_request
from flows.batch.remind import LATELY, MOVED_ON, UNREACHABLE, Reminded, remind_now
from flows.batch.resend import NotNow, plan_anew, states
from flows.batch.resolve import CannotResolve, NotAsked, resolve_not_sent, resolve_sent
from flows.batch.void import Voided, prospect, void
from flows.batch.withdrawing import UNKNOWN, Ended
from flows.send.job import run_batch
from ledger import batches, reading, settling
from ledger.batches import Batch
from ledger.dossier import Dossier, dossier
from ledger.schema import signers
from ledger.settings import Settings
from ledger.store import Ledger
from tests.flows.drafts import frozen
from tests.flows.fake_provider import FakeProvider, Fault, cuts, says


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.batch.a_few.WAITS", (0.01, 0.01))


async def the(ledger: Ledger, batch_id: str) -> Batch:
    found = await batches.batch(ledger, batch_id)
    assert found is not None
    return found


async def send(ledger: Ledger, settings: Settings, provider: FakeProvider, batch_id: str, **more: Any) -> None:
    await run_batch(ledger, batch_id, settings, open_account=provider.open_account, **more)


async def take_back(ledger: Ledger, provider: FakeProvider, batch_id: str) -> Voided:
    async with Accounts(provider.open_account) as accounts:
        return await void(ledger, accounts, await the(ledger, batch_id))


async def remind(ledger: Ledger, provider: FakeProvider, batch_id: str) -> Reminded:
    async with Accounts(provider.open_account) as accounts:
        return await remind_now(ledger, accounts, await the(ledger, batch_id), None)


async def request(ledger: Ledger, batch_id: str, row: int) -> Dossier:
    (found,) = [one.request_id for one in await reading.rows(ledger, batch_id) if one.row == row]
    seen = await dossier(ledger, found or "")
    assert seen is not None
    return seen


async def counts(ledger: Ledger, batch_id: str) -> dict[str, int]:
    return {state: number for state, number in (await batches.counts(ledger, batch_id)).items() if number}


def standing(provider: FakeProvider) -> Counter[str]:
    return Counter(contract["status"] for contract in provider.contracts)


# -- pause -------------------------------------------------------------------------------------------------------


async def test_a_running_sending_stops_after_the_calls_under_way(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await frozen(ledger, provider.settings(), 400)
    provider.delay, provider.settings_given = 0.02, {"concurrency": 4}
    sending = asyncio.create_task(run_batch(ledger, batch_id, settings, open_account=provider.open_account))
    while len(provider.contracts) < 10:
        await asyncio.sleep(0.005)
    await batches.hold(ledger, batch_id, "A person paused it.")
    outcome = await sending
    assert outcome.paused == "A person paused it." and 10 <= outcome.sent == len(provider.contracts) < 100
    assert await counts(ledger, batch_id) == {"sent": outcome.sent, "planned": 400 - outcome.sent}
    await send(ledger, settings, provider, batch_id)
    assert len(provider.contracts) == outcome.sent
    await batches.release(ledger, batch_id)
    await send(ledger, settings, provider, batch_id)
    assert len(set(provider.refs)) == len(provider.contracts) == 400


# -- void --------------------------------------------------------------------------------------------------------


async def half_sent(ledger: Ledger, settings: Settings, provider: FakeProvider, count: int = 8) -> str:
    batch_id = await frozen(ledger, provider.settings(), count)
    await send(ledger, settings, provider, batch_id, limit=count // 2)
    return batch_id


async def test_planned_rows_are_taken_back_and_open_ones_withdrawn(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await half_sent(ledger, settings, provider)
    asked = await prospect(ledger, await the(ledger, batch_id))
    assert (asked.planned, asked.open, asked.can, asked.number) == (4, 4, True, 8)
    done = await take_back(ledger, provider, batch_id)
    assert (done.planned, done.ended, done.left) == (4, Counter({Ended.WITHDRAWN: 4}), 0)
    assert standing(provider) == {"withdrawn": 4}
    assert await counts(ledger, batch_id) == {"canceled": 8}
    assert (await the(ledger, batch_id)).state == "done"
    again = await take_back(ledger, provider, batch_id)
    assert (again.planned, again.ended, provider.calls["withdraw"]) == (0, Counter(), 4)
    await send(ledger, settings, provider, batch_id)
    assert len(provider.contracts) == 4


@pytest.mark.parametrize("after_withdrawing", [True, False])
@pytest.mark.parametrize("how", ["cut", "500"])
async def test_what_became_of_a_withdrawal_without_an_answer_is_looked_up(
    ledger: Ledger, settings: Settings, provider: FakeProvider, how: str, after_withdrawing: bool
) -> None:
    provider.signs_when_asked = False
    batch_id = await half_sent(ledger, settings, provider, 2)
    provider.withdrawal_faults = [_loses(provider, how, after_withdrawing)]
    done = await take_back(ledger, provider, batch_id)
    assert provider.calls["withdraw"] == 1 and provider.calls["get"] == 1
    if after_withdrawing:
        assert done.ended == {Ended.WITHDRAWN: 1} and await counts(ledger, batch_id) == {"canceled": 2}
        return
    assert done.ended == {Ended.OPEN: 1} and await counts(ledger, batch_id) == {"canceled": 1, "sent": 1}
    assert (await take_back(ledger, provider, batch_id)).ended == {Ended.WITHDRAWN: 1}
    assert await counts(ledger, batch_id) == {"canceled": 2} and standing(provider) == {"withdrawn": 1}


async def test_without_an_answer_to_the_look_up_nothing_is_guessed(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await half_sent(ledger, settings, provider, 2)
    provider.withdrawal_faults = [_loses(provider, "500", True)]
    provider.signs_when_asked = False
    provider.get_faults = [says(500)] * 3
    done = await take_back(ledger, provider, batch_id)
    assert done.ended == {Ended.UNKNOWN: 1} and done.left == 1
    row = await request(ledger, batch_id, 2)
    assert (row.state, row.problem) == ("sent", UNKNOWN)
    assert (await take_back(ledger, provider, batch_id)).ended == {Ended.WITHDRAWN: 1}
    assert (await request(ledger, batch_id, 2)).problem is None


async def test_what_was_signed_meanwhile_is_completed_and_not_canceled(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await half_sent(ledger, settings, provider, 2)
    provider.withdrawal_faults = [says(422)]
    assert (await take_back(ledger, provider, batch_id)).ended == {Ended.OVER: 1}
    assert await counts(ledger, batch_id) == {"completed": 1, "canceled": 1}


async def test_what_the_provider_no_longer_knows_is_withdrawn_unless_it_is_another_account(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await half_sent(ledger, settings, provider, 2)
    kept, provider.contracts = provider.contracts, []
    provider.withdrawal_faults = [says(404), says(404)]
    provider.settings_given = {"api_token": "of-another-account"}
    assert (await take_back(ledger, provider, batch_id)).ended == {Ended.UNKNOWN: 1}
    provider.settings_given = {}
    assert (await take_back(ledger, provider, batch_id)).ended == {Ended.WITHDRAWN: 1}
    provider.contracts = kept


async def test_a_wrong_key_stops_it_and_the_next_call_goes_on(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await half_sent(ledger, settings, provider, 20)
    provider.withdrawal_faults = [nothing, nothing, says(401)]
    done = await take_back(ledger, provider, batch_id)
    assert done.stopped is not None and "key" in done.stopped and done.planned == 10
    first = standing(provider)["withdrawn"]
    assert 2 <= first < 10 and (await counts(ledger, batch_id))["canceled"] == 10 + first
    assert (await take_back(ledger, provider, batch_id)).stopped is None
    assert await counts(ledger, batch_id) == {"canceled": 20}


async def test_being_asked_to_wait_is_waited_for(ledger: Ledger, settings: Settings, provider: FakeProvider) -> None:
    batch_id = await half_sent(ledger, settings, provider, 4)
    provider.withdrawal_faults = [says(429, {"Retry-After": "0"})]
    assert (await take_back(ledger, provider, batch_id)).ended == {Ended.WITHDRAWN: 2}


async def test_interrupted_in_the_middle_it_goes_on_where_it_ended(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    provider.signs_when_asked = False
    batch_id = await half_sent(ledger, settings, provider, 40)
    provider.settings_given = {"rate": 100.0}
    running = asyncio.create_task(take_back(ledger, provider, batch_id))
    while standing(provider)["withdrawn"] < 5:
        await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert 0 < (await counts(ledger, batch_id)).get("sent", 0) <= 20
    assert (await take_back(ledger, provider, batch_id)).left == 0
    assert await counts(ledger, batch_id) == {"canceled": 40} and standing(provider) == {"withdrawn": 20}


async def test_unclear_rows_are_left_and_said(ledger: Ledger, settings: Settings, provider: FakeProvider) -> None:
    provider.settings_given = {"settle_seconds": 600.0}
    batch_id = await frozen(ledger, provider.settings(), 3)
    provider.faults = [nothing, says(500)]
    await send(ledger, settings, provider, batch_id)
    done = await take_back(ledger, provider, batch_id)
    assert (done.uncertain, done.left) == (1, 1)
    assert await counts(ledger, batch_id) == {"canceled": 2, "uncertain": 1}
    assert (await the(ledger, batch_id)).state == "held"


# -- remind ------------------------------------------------------------------------------------------------------


async def test_everybody_whose_turn_it_is_is_reminded_at_most_once_a_day(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await half_sent(ledger, settings, provider, 12)
    assert (await remind(ledger, provider, batch_id)).sent == 6
    first = {(contract["id"], contract["signers"][0]["id"]) for contract in provider.contracts}
    assert set(provider.reminded) == first and len(provider.reminded) == 6
    again = await remind(ledger, provider, batch_id)
    assert (again.sent, again.numbers[LATELY], sorted(again.rows[LATELY])) == (0, 6, [2, 3, 4, 5, 6, 7])
    assert provider.calls["remind"] == 6


async def test_two_who_remind_at_once_remind_once(ledger: Ledger, settings: Settings, provider: FakeProvider) -> None:
    batch_id = await half_sent(ledger, settings, provider, 20)
    both = await asyncio.gather(*(remind(ledger, provider, batch_id) for _ in range(2)))
    assert sum(one.sent for one in both) == 10 == len(set(provider.reminded)) == len(provider.reminded)
    assert sum(one.numbers[MOVED_ON] + one.numbers[LATELY] for one in both) == 10


async def test_a_reminder_without_an_answer_counts_and_one_that_was_not_taken_does_not(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    provider.settings_given = {"concurrency": 1}
    batch_id = await half_sent(ledger, settings, provider, 6)
    provider.faults = [cuts(provider, after_accepting=False), says(429)]
    stopped = await remind(ledger, provider, batch_id)
    assert stopped.stopped is not None and stopped.sent == 1
    provider.faults = []
    again = await remind(ledger, provider, batch_id)
    assert (again.sent, again.numbers[LATELY], again.stopped) == (2, 1, None)


async def test_whoever_cannot_be_reached_is_said(ledger: Ledger, settings: Settings, provider: FakeProvider) -> None:
    batch_id = await half_sent(ledger, settings, provider, 2)
    async with ledger.begin() as connection:
        await connection.execute(update(signers).values(state="bounced"))
    done = await remind(ledger, provider, batch_id)
    assert (done.sent, done.numbers, provider.calls["remind"]) == (0, {UNREACHABLE: 1}, 0)


# -- resend ------------------------------------------------------------------------------------------------------


async def test_only_what_failed_is_sent_anew_and_nothing_unclear(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    provider.settings_given = {"settle_seconds": 600.0}
    batch_id = await frozen(ledger, provider.settings(), 5)
    provider.faults = [nothing, says(422), says(500)]
    await send(ledger, settings, provider, batch_id)
    assert await counts(ledger, batch_id) == {"sent": 3, "failed": 1, "uncertain": 1}
    assert await plan_anew(ledger, await the(ledger, batch_id), states(())) == 1
    await send(ledger, settings, provider, batch_id)
    assert await counts(ledger, batch_id) == {"sent": 4, "uncertain": 1}
    assert len(set(provider.refs)) == len(provider.contracts) == 4


async def test_a_batch_that_was_voided_can_be_sent_anew_when_that_is_said(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await half_sent(ledger, settings, provider, 6)
    await take_back(ledger, provider, batch_id)
    assert await plan_anew(ledger, await the(ledger, batch_id), states(())) == 0
    assert await plan_anew(ledger, await the(ledger, batch_id), states(["canceled"])) == 6
    await send(ledger, settings, provider, batch_id)
    assert standing(provider) == {"withdrawn": 3, "sent": 6}


async def test_a_paused_batch_is_resumed_before_anything_is_sent_anew(ledger: Ledger, provider: FakeProvider) -> None:
    batch_id = await frozen(ledger, provider.settings(), 2)
    await batches.hold(ledger, batch_id, "A person paused it.")
    with pytest.raises(NotNow, match="A person paused it"):
        await plan_anew(ledger, await the(ledger, batch_id), states(()))


def test_other_words_than_those_of_an_ending_are_refused() -> None:
    with pytest.raises(ValueError, match="'uncertain' cannot be sent anew"):
        states(["uncertain"])


# -- one request -------------------------------------------------------------------------------------------------


async def unclear(ledger: Ledger, settings: Settings, provider: FakeProvider, *, accepted: bool) -> str:
    """A batch of two, of which the second may have been sent; the look-up is too early to say."""
    provider.settings_given = {"settle_seconds": 600.0}
    batch_id = await frozen(ledger, provider.settings(), 2)
    provider.faults = [nothing, cuts(provider, after_accepting=accepted)]
    provider.hides = True
    await send(ledger, settings, provider, batch_id)
    assert await counts(ledger, batch_id) == {"sent": 1, "uncertain": 1}
    assert sum(number for number, _ in (await settling.unclear_accounts(ledger)).values()) == 1
    return batch_id


async def test_a_persons_word_that_it_was_sent_is_checked_with_one_question(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await unclear(ledger, settings, provider, accepted=True)
    provider.signs_when_asked = False
    batch, one = await the(ledger, batch_id), await request(ledger, batch_id, 3)
    async with Accounts(provider.open_account) as accounts:
        with pytest.raises(CannotResolve, match="knows no request"):
            await resolve_sent(ledger, accounts, batch, one, "con-99")
        other = await request(ledger, batch_id, 2)
        with pytest.raises(CannotResolve, match=other.id):
            await resolve_sent(ledger, accounts, batch, one, "con-1")
        provider.accept({"signers": [], "metadata": "somebody else's"})
        with pytest.raises(CannotResolve, match="another mark"):
            await resolve_sent(ledger, accounts, batch, one, "con-3")
        provider.get_faults = [says(500)] * 3
        with pytest.raises(NotAsked):
            await resolve_sent(ledger, accounts, batch, one, "con-2")
        assert (await request(ledger, batch_id, 3)).state == "uncertain"
        assert await resolve_sent(ledger, accounts, batch, one, "con-2") == "sent"
        with pytest.raises(CannotResolve, match="not uncertain"):
            await resolve_sent(ledger, accounts, batch, await request(ledger, batch_id, 3), "con-2")
    settled = await request(ledger, batch_id, 3)
    assert (settled.provider_id, settled.signers[0].state) == ("con-2", "invited")
    assert [line.outcome for line in settled.attempts] == ["sent"]


async def test_a_persons_word_that_it_was_not_sent_plans_it_again(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await unclear(ledger, settings, provider, accepted=False)
    async with Accounts(provider.open_account) as accounts:
        one = await request(ledger, batch_id, 3)
        assert await resolve_not_sent(ledger, accounts, await the(ledger, batch_id), one)
    await send(ledger, settings, provider, batch_id)
    assert await counts(ledger, batch_id) == {"sent": 2} and len(provider.contracts) == 2


async def test_a_wrong_word_that_it_was_not_sent_sends_nothing_twice(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await unclear(ledger, settings, provider, accepted=True)
    provider.hides = False
    async with Accounts(provider.open_account) as accounts:
        one = await request(ledger, batch_id, 3)
        assert not await resolve_not_sent(ledger, accounts, await the(ledger, batch_id), one)
    await send(ledger, settings, provider, batch_id)
    assert await counts(ledger, batch_id) == {"sent": 2} and len(provider.contracts) == 2


async def test_one_request_is_taken_back_and_the_others_are_not(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await half_sent(ledger, settings, provider, 4)
    async with Accounts(provider.open_account) as accounts:
        batch = await the(ledger, batch_id)
        for row in (2, 4):
            one = await request(ledger, batch_id, row)
            assert await cancel_request(ledger, accounts, batch, one) is Ended.WITHDRAWN
        with pytest.raises(CannotCancel, match="canceled already"):
            await cancel_request(ledger, accounts, batch, await request(ledger, batch_id, 2))
    assert await counts(ledger, batch_id) == {"sent": 1, "planned": 1, "canceled": 2}
    assert standing(provider) == {"withdrawn": 1, "sent": 1}


async def test_what_may_have_been_sent_is_not_canceled(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await unclear(ledger, settings, provider, accepted=True)
    async with Accounts(provider.open_account) as accounts:
        with pytest.raises(CannotCancel, match="esign request resolve"):
            await cancel_request(ledger, accounts, await the(ledger, batch_id), await request(ledger, batch_id, 3))


async def nothing(request: web.Request) -> None:
    """No fault."""


def _loses(provider: FakeProvider, how: str, after_withdrawing: bool) -> Fault:
    """Withdraws or does not, and gives no answer that says so."""

    async def fault(request: web.Request) -> web.StreamResponse | None:
        if after_withdrawing:
            provider.withdraw(request.match_info["id"])
        if how == "500":
            return web.json_response({"error": "no"}, status=500)
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    return fault
