"""A batch on its way out, against a provider on the loopback that fails on command."""

from __future__ import annotations

import asyncio
import time
from typing import Any, ClassVar

import pytest
from sqlalchemy import text

from connectors.signing.model import SignatureRequest
from connectors.signing.provider import Provider
from flows.send.addresses import Addresses, addresses
from flows.send.fitting import Fitting
from flows.send.job import CannotSend, run_batch
from flows.send.pace import Pace, loop_clock
from flows.send.progress import Outcome, Progress
from flows.send.sender import Sender
from ledger import batches, reading, sending
from ledger.sending import Claimed
from ledger.settings import Settings
from ledger.states import RequestState
from ledger.store import Ledger
from tests.flows.drafts import frozen
from tests.flows.fake_provider import FakeProvider, cuts, says

PLANNED, SENT, FAILED, UNCERTAIN = (
    RequestState.PLANNED, RequestState.SENT, RequestState.FAILED, RequestState.UNCERTAIN,
)  # fmt: skip


async def run(ledger: Ledger, settings: Settings, provider: FakeProvider, batch_id: str, **more: Any) -> Outcome:
    return await run_batch(ledger, batch_id, settings, open_account=provider.open_account, **more)


async def test_every_row_is_sent_once_with_our_mark_and_our_address(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await frozen(ledger, provider.settings(), 60)
    told: list[Progress] = []
    outcome = await run(ledger, settings, provider, batch_id, tell=told.append)
    assert (outcome.sent, outcome.counts.get(SENT, 0), outcome.paused) == (60, 60, None)
    assert len(set(provider.refs)) == len(provider.refs) == 60
    url = provider.contracts[0]["custom_webhook_url"]
    assert url.startswith("https://hooks.example.com/hooks/esignatures/sandbox/")
    assert (told[-1].done, told[-1].total) == (60, 60)
    batch = await batches.batch(ledger, batch_id)
    assert batch is not None and batch.state == "done"


async def test_sending_again_sends_nothing(ledger: Ledger, settings: Settings, provider: FakeProvider) -> None:
    batch_id = await frozen(ledger, provider.settings(), 5)
    await run(ledger, settings, provider, batch_id)
    assert (await run(ledger, settings, provider, batch_id)).sent == 0
    assert provider.calls["create"] == 5


async def test_two_processes_on_one_batch_send_each_row_once(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    provider.delay = 0.01
    batch_id = await frozen(ledger, provider.settings(), 80)
    async with await Ledger.open(settings.ledger_url) as other:
        both = await asyncio.gather(run(ledger, settings, provider, batch_id), run(other, settings, provider, batch_id))
    assert sum(outcome.sent for outcome in both) == 80
    assert len(set(provider.refs)) == len(provider.refs) == 80


async def test_the_first_row_of_an_unknown_account_goes_alone_and_never_more_than_allowed(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    provider.delay = 0.2
    provider.settings_given = {"concurrency": 4}
    batch_id = await frozen(ledger, provider.settings(), 20)
    before: list[int] = []

    async def first(request: object) -> None:
        before.append(provider.most_under_way)

    provider.faults = [first]
    await run(ledger, settings, provider, batch_id)
    assert before == [1]
    assert provider.most_under_way == 4


async def test_no_more_rows_are_claimed_than_calls_may_be_under_way(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    provider.delay = 0.05
    provider.settings_given = {"concurrency": 8}
    batch_id = await frozen(ledger, provider.settings(), 120)
    claimed: list[int] = []

    async def look(_: object) -> None:
        claimed.append((await batches.counts(ledger, batch_id)).get(RequestState.SENDING, 0))

    provider.faults = [look] * 120
    outcome = await run(ledger, settings, provider, batch_id)
    assert outcome.sent == 120
    assert provider.most_under_way == 8
    assert max(claimed) == 8


async def test_rows_that_wait_for_their_turn_are_not_called_for_once_the_key_is_refused(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    provider.settings_given = {"concurrency": 20, "rate": 20.0}
    batch_id = await frozen(ledger, provider.settings(), 40)
    waiting: list[int] = []

    async def look(_: object) -> None:
        waiting.append((await batches.counts(ledger, batch_id)).get(RequestState.SENDING, 0) - 1)

    provider.faults = [*[nothing] * 19, look, *[says(401)] * 20]
    outcome = await run(ledger, settings, provider, batch_id)
    assert outcome.paused and "key" in outcome.paused
    assert waiting[0] >= 3
    refused = provider.calls["create"] - 20
    assert 1 <= refused <= 2, "their turns are 50 ms apart; a machine that stands still may let one more begin"
    assert outcome.counts.get(RequestState.SENDING, 0) == 0
    assert outcome.counts.get(PLANNED, 0) == 20


async def test_turns_missed_while_the_process_stood_still_are_not_made_up_for_all_at_once(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    provider.settings_given = {"rate": 20.0, "concurrency": 20}
    batch_id = await frozen(ledger, provider.settings(), 50)
    began: list[float] = []

    async def note(_: object) -> None:
        began.append(time.monotonic())
        if len(began) == 15:
            time.sleep(1.0)

    provider.faults = [note] * 50
    assert (await run(ledger, settings, provider, batch_id)).sent == 50
    assert max(sum(start <= other < start + 0.25 for other in began) for start in began) <= 8


async def test_a_provider_out_of_reach_for_one_process_holds_up_no_other(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await frozen(ledger, provider.settings(), 3)
    provider.settings_given = {"base_url": "http://127.0.0.1:9/esignatures/api"}
    async with await provider.open_account("esignatures", "sandbox") as client:
        pace = Pace(client.settings, known_good=True, clock=loop_clock)
        alone = Sender(
            ledger, batch_id, "sandbox", client, pace, owner="alone", fitting=Fitting(*about(settings, client))
        )
        sending_alone = asyncio.create_task(alone.send(3))
        while pace.waiting_for == 0:
            await asyncio.sleep(0.01)
        wish = sending.Wish(batch_id, "another", 1, 30.0, provider="esignatures", account="sandbox", rate=10.0)
        turned = await sending.turn_over(ledger, (), wish)
        assert [row.turn_in for row in turned.rows] == [0.0]
        sending_alone.cancel()
        await asyncio.gather(sending_alone, return_exceptions=True)


async def test_a_request_accepted_without_an_answer_is_found_and_not_sent_again(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await frozen(ledger, provider.settings(), 6)
    provider.faults = [nothing, cuts(provider, after_accepting=True)]
    outcome = await run(ledger, settings, provider, batch_id)
    assert outcome.counts.get(SENT, 0) == 6
    assert len(set(provider.refs)) == len(provider.contracts) == 6


async def test_a_request_lost_before_it_was_accepted_is_sent_again_once_that_is_proven(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await frozen(ledger, provider.settings(concurrency=1), 6)
    provider.settings_given = {"concurrency": 1}
    provider.faults = [*PROOF, cuts(provider, after_accepting=False)]
    outcome = await run(ledger, settings, provider, batch_id)
    assert outcome.counts.get(SENT, 0) == 6
    assert len(set(provider.refs)) == len(provider.contracts) == 6


async def test_without_proof_an_unclear_row_is_left_to_a_person(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    provider.settings_given = {"settle_seconds": 600.0}
    batch_id = await frozen(ledger, provider.settings(), 4)
    provider.faults = [nothing, says(500)]
    outcome = await run(ledger, settings, provider, batch_id)
    assert (outcome.counts.get(SENT, 0), outcome.counts.get(UNCERTAIN, 0), outcome.unclear) == (3, 1, 1)
    assert provider.calls["create"] == 4


async def test_being_told_to_wait_loses_no_row_and_sends_none_twice(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await frozen(ledger, provider.settings(), 12)
    provider.faults = [nothing, says(429, {"Retry-After": "1"}), says(429, {"Retry-After": "1"})]
    outcome = await run(ledger, settings, provider, batch_id)
    assert (outcome.sent, outcome.refused, outcome.counts.get(SENT, 0)) == (12, 0, 12)
    assert len(set(provider.refs)) == len(provider.contracts) == 12


@pytest.mark.parametrize(("status", "word"), [(401, "key"), (402, "quota"), (404, "base_url"), (405, "base_url")])
async def test_a_refused_key_or_an_empty_account_pauses_the_batch_and_fails_no_row(
    ledger: Ledger, settings: Settings, provider: FakeProvider, status: int, word: str
) -> None:
    batch_id = await frozen(ledger, provider.settings(), 10)
    provider.faults = [says(status)]
    outcome = await run(ledger, settings, provider, batch_id)
    assert word in (outcome.paused or "")
    assert (outcome.counts.get(PLANNED, 0), outcome.counts.get(FAILED, 0), provider.calls["create"]) == (10, 0, 1)
    batch = await batches.batch(ledger, batch_id)
    assert batch is not None and (batch.state, batch.paused_because) == ("paused", outcome.paused)
    assert (await run(ledger, settings, provider, batch_id)).sent == 10


async def test_a_refused_row_shows_the_providers_words_and_the_others_go_on(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await frozen(ledger, provider.settings(), 5)
    provider.faults = [nothing, says(422, text="name is too long")]
    outcome = await run(ledger, settings, provider, batch_id)
    assert (outcome.sent, outcome.refused) == (4, 1)
    (refused,) = [row for row in await reading.rows(ledger, batch_id) if row.state == "failed"]
    assert "name is too long" in (refused.problem or "")


async def test_too_many_refusals_pause_the_batch(ledger: Ledger, settings: Settings, provider: FakeProvider) -> None:
    provider.settings_given = {"concurrency": 1}
    batch_id = await frozen(ledger, provider.settings(), 40)
    provider.faults = [says(422)] * 40
    outcome = await run(ledger, settings, provider, batch_id)
    assert outcome.paused is not None and outcome.refused == 11
    assert outcome.counts.get(PLANNED, 0) == 29


async def test_five_unclear_rows_in_a_row_pause_the_batch(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    provider.settings_given = {"concurrency": 1, "settle_seconds": 600.0}
    batch_id = await frozen(ledger, provider.settings(), 20)
    provider.faults = [nothing] + [says(500)] * 19
    outcome = await run(ledger, settings, provider, batch_id)
    assert outcome.paused is not None and (outcome.unclear, outcome.counts.get(PLANNED, 0)) == (5, 14)


async def test_only_the_rows_asked_for_go_out(ledger: Ledger, settings: Settings, provider: FakeProvider) -> None:
    batch_id = await frozen(ledger, provider.settings(), 9)
    assert (await run(ledger, settings, provider, batch_id, only_rows={3, 5})).sent == 2
    assert (await run(ledger, settings, provider, batch_id, limit=3)).sent == 3
    assert {row.row for row in await reading.rows(ledger, batch_id) if row.state == "sent"} == {2, 3, 4, 5, 6}


async def test_stopping_lets_calls_under_way_finish_and_claims_no_more(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    provider.delay = 0.3
    provider.settings_given = {"concurrency": 4}
    await run(ledger, settings, provider, await frozen(ledger, provider.settings(), 1, first=100))
    batch_id = await frozen(ledger, provider.settings(), 40)
    running = asyncio.create_task(run(ledger, settings, provider, batch_id))
    while provider.under_way < 4:
        await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    counts = await batches.counts(ledger, batch_id)
    assert counts.get(SENT) == len(provider.contracts) - 1 == 4
    assert (counts.get(PLANNED), counts.get(RequestState.SENDING), counts.get(UNCERTAIN)) == (36, None, None)


async def test_another_processs_live_claim_is_waited_for_and_then_settled(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    await run(ledger, settings, provider, await frozen(ledger, provider.settings(), 1, first=100))
    batch_id = await frozen(ledger, provider.settings(), 3)
    await asyncio.sleep(0.05)
    crashed = await sending.claim(ledger, batch_id, "a process that was killed", 1, lease_seconds=1.5)
    notes: list[str] = []
    outcome = await run(ledger, settings, provider, batch_id, tell=lambda progress: notes.append(progress.note or ""))
    assert outcome.counts.get(SENT, 0) == 3 and len(set(provider.refs)) == 4
    assert crashed[0].ref in provider.refs
    assert any("Another process" in note for note in notes)


async def test_a_claim_that_ran_out_while_the_process_slept_makes_no_call(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await frozen(ledger, provider.settings(), 2)
    async with await provider.open_account("esignatures", "sandbox") as client:
        pace = Hesitant(provider.settings(), known_good=True, clock=loop_clock)
        dreaming = Dreaming(*about(settings, client))
        slow = Sender(ledger, batch_id, "sandbox", client, pace, owner="asleep", fitting=dreaming)
        assert await slow.send(2) == 0
    assert provider.calls["create"] == 0


async def test_an_error_nobody_foresaw_ends_the_sending_and_forgets_no_row(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await frozen(ledger, provider.settings(), 4)
    async with await provider.open_account("esignatures", "sandbox") as client:
        pace = Pace(provider.settings(), known_good=True, clock=loop_clock)
        unlucky = Stumbling(*about(settings, client))
        with pytest.raises(RuntimeError, match="stumbled"):
            await Sender(ledger, batch_id, "sandbox", client, pace, owner="unlucky", fitting=unlucky).send(4)
    counts = await batches.counts(ledger, batch_id)
    assert (counts.get(SENT), counts.get(PLANNED), counts.get(RequestState.SENDING)) == (2, 2, None)
    assert provider.calls["create"] == 2


def about(settings: Settings, client: Provider) -> tuple[type[Provider], Addresses]:
    return type(client), addresses(settings, type(client), "sandbox", client.settings.base_url)


class Stumbling(Fitting):
    """Two rows fail together before their calls, two get through."""

    rows: ClassVar[list[str]] = []

    async def fit(self, claimed: Claimed) -> SignatureRequest:
        self.rows.append(claimed.request_id)
        if len(self.rows) <= 2:
            raise RuntimeError("stumbled")
        return await super().fit(claimed)


async def test_rows_that_had_to_wait_do_not_use_up_the_limit(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await frozen(ledger, provider.settings(), 8)
    provider.faults = [nothing, says(429), says(429), says(429)]
    outcome = await run(ledger, settings, provider, batch_id, limit=5)
    assert (outcome.sent, outcome.planned, len(provider.contracts)) == (5, 3, 5)


async def test_rows_of_another_account_that_had_this_name_are_not_settled_by_this_one(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    provider.settings_given = {"api_token": "the-former-token", "concurrency": 1}
    former = await frozen(ledger, provider.settings(), 3)
    provider.faults = [*PROOF, says(500)]
    provider.settings_given["settle_seconds"] = 600.0
    await run(ledger, settings, provider, former)
    provider.settings_given = {}
    await run(ledger, settings, provider, await frozen(ledger, provider.settings(), 1, first=100))
    assert (await batches.counts(ledger, former)).get(UNCERTAIN) == 1
    provider.settings_given = {"api_token": "the-former-token"}
    await run(ledger, settings, provider, former)
    assert (await batches.counts(ledger, former)).get(SENT) == 3


async def test_what_fails_after_the_sending_is_told_and_takes_nothing_back(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await frozen(ledger, provider.settings(), 3)
    async with ledger.begin() as connection:
        await connection.execute(text("DROP TABLE leases"))  # whoever writes a sheet takes a lease
    told: list[Progress] = []
    outcome = await run(ledger, settings, provider, batch_id, tell=told.append)
    assert outcome.sent == 3 and "could not be brought up to date" in (outcome.sheet_problem or "")
    assert told[-1].note == outcome.sheet_problem


class Hesitant(Pace):
    """Claims that live for a moment only, and are looked at again before each call."""

    lease_seconds = 0.05
    fresh_seconds = 0.0


class Dreaming(Fitting):
    """A process that sleeps longer than its claims live."""

    async def fit(self, claimed: Claimed) -> SignatureRequest:
        await asyncio.sleep(0.2)
        return await super().fit(claimed)


async def test_a_batch_never_goes_out_through_another_account(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await frozen(ledger, provider.settings(), 2)
    provider.settings_given = {"api_token": "another-token"}
    with pytest.raises(CannotSend, match="another key"):
        await run(ledger, settings, provider, batch_id)
    provider.settings_given = {"mode": "live"}
    with pytest.raises(CannotSend, match="live mode"):
        await run(ledger, settings, provider, batch_id)
    with pytest.raises(CannotSend, match="no batch"):
        await run(ledger, settings, provider, "bat_unknown")
    assert provider.calls["create"] == 0


async def nothing(request: object) -> None:
    """No fault."""


PROOF = (nothing, nothing)
"""Rows that show how far back the provider's list reaches: the first was accepted at least a call's time before what
comes after them is claimed. With one row alone, both may fall into one millisecond, which proves nothing."""


async def test_a_person_may_pause_a_batch_that_is_going_out(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    provider.delay = 0.05
    provider.settings_given = {"concurrency": 2}
    batch_id = await frozen(ledger, provider.settings(), 30)
    running = asyncio.create_task(run(ledger, settings, provider, batch_id))
    while len(provider.contracts) < 3:
        await asyncio.sleep(0.01)
    await batches.pause(ledger, batch_id, "Somebody asked for it.")
    outcome = await running
    assert outcome.paused == "Somebody asked for it." and 3 <= outcome.sent < 10
    assert outcome.planned == 30 - outcome.sent
