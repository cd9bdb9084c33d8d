"""Claims and outcomes: nobody sends what another may have sent, and nothing that was accepted is forgotten."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import update

from connectors.signing.model import EventType, Status
from ledger import outbox, planning, reading, sending, settling
from ledger.outcomes import NothingHappened, Outcome, Refused, Sent, Uncertain
from ledger.schema import attempts, incidents, requests
from ledger.standing import TWICE
from ledger.store import Ledger
from tests.ledger.making import claimed, draft, event, hear, lines, planned, row, snapshot

TINY = 0.02


async def state(ledger: Ledger, request_id: str) -> str:
    (line,) = await lines(ledger, requests, id=request_id)
    return str(line["state"])


async def test_a_claim_takes_rows_in_the_sheets_order_and_each_only_once(ledger: Ledger) -> None:
    batch_id = await planned(ledger, 5)
    first, second = await claimed(ledger, batch_id, 2), await claimed(ledger, batch_id, 9)
    assert [one.row for one in first + second] == [2, 3, 4, 5, 6]
    assert {one.attempt for one in first + second} == {1}
    assert all(one.request.ref == one.ref and one.request.title == "An agreement" for one in first)
    assert await claimed(ledger, batch_id, 9) == []


async def test_many_claimers_at_once_never_get_the_same_row(ledger: Ledger, url: str) -> None:
    batch_id = await planned(ledger, 60)
    async with await Ledger.open(url) as other:
        shares = await asyncio.gather(*(claimed(one, batch_id, 7) for one in [ledger, other] * 6))
    ids = [one.request_id for share in shares for one in share]
    assert len(ids) == len(set(ids)) == 60


async def test_only_the_rows_asked_for_are_claimed(ledger: Ledger) -> None:
    batch_id = await planned(ledger, 9)
    some = await sending.claim(ledger, batch_id, "me", 50, 30.0, only_rows={3, 8, 400})
    assert [one.row for one in some] == [3, 8]


async def test_an_intent_is_on_disk_before_the_claim_is_answered(ledger: Ledger, url: str) -> None:
    (one,) = await claimed(ledger, await planned(ledger))
    async with await Ledger.open(url) as other:
        (intent,) = await lines(other, attempts)
    assert (intent["request_id"], intent["number"], intent["outcome"]) == (one.request_id, 1, None)


async def test_a_call_is_allowed_only_while_the_claim_stands(ledger: Ledger) -> None:
    batch_id = await planned(ledger, 2)
    (one,) = await claimed(ledger, batch_id, lease_seconds=0.3)
    assert await sending.may_call(ledger, one.request_id, 1, 60.0)
    await asyncio.sleep(0.35)
    assert await settling.expire_claims(ledger) == 0  # it was prolonged
    assert not await sending.may_call(ledger, one.request_id, 2, 60.0)
    (late,) = await claimed(ledger, batch_id, lease_seconds=TINY)
    await asyncio.sleep(2 * TINY)
    assert not await sending.may_call(ledger, late.request_id, 1, 60.0)


async def test_sent_is_written_down_with_the_ids_of_the_provider(ledger: Ledger) -> None:
    frozen = await planning.freeze(ledger, draft(row(2, orders=(1, 2))))
    (one,) = await claimed(ledger, frozen.batch_id)
    await sending.record_sent(ledger, one.request_id, 1, snapshot("P1", "s1", "s2"))
    (status,) = await reading.rows(ledger, frozen.batch_id)
    assert (status.state, status.waiting_for, status.last_event) == ("sent", "Signer 1", "sent")
    (attempt,) = await lines(ledger, attempts)
    assert (attempt["outcome"], attempt["provider_id"]) == ("sent", "P1")


async def test_outcomes_are_recorded_together_and_repeating_them_changes_nothing(ledger: Ledger) -> None:
    a, b, c, d = await claimed(ledger, await planned(ledger, 4), 4)
    outcomes: list[Outcome] = [
        Sent(request_id=a.request_id, attempt=1, snapshot=snapshot("P1")),
        Refused(request_id=b.request_id, attempt=1, problem="No."),
        Uncertain(request_id=c.request_id, attempt=1, problem="No answer."),
        NothingHappened(request_id=d.request_id, attempt=1),
    ]
    for _ in range(2):
        await sending.record(ledger, outcomes)
        states = [await state(ledger, one.request_id) for one in (a, b, c, d)]
        assert states == ["sent", "failed", "uncertain", "planned"]
    assert len(await reading.told(ledger, a.request_id)) == 1


async def test_what_did_not_happen_is_sent_again_after_the_wait_that_was_asked_for(ledger: Ledger) -> None:
    batch_id = await planned(ledger)
    (one,) = await claimed(ledger, batch_id)
    await sending.record_nothing_happened(ledger, one.request_id, 1, not_before_seconds=0.2)
    assert await claimed(ledger, batch_id) == []
    await asyncio.sleep(0.25)
    (again,) = await claimed(ledger, batch_id)
    assert (again.request_id, again.attempt) == (one.request_id, 2)


async def test_an_uncertain_row_is_never_claimed_again_by_itself(ledger: Ledger) -> None:
    batch_id = await planned(ledger)
    (one,) = await claimed(ledger, batch_id)
    await sending.record_uncertain(ledger, one.request_id, 1, "No answer.")
    assert await claimed(ledger, batch_id) == []


async def test_only_a_claim_that_ran_out_becomes_uncertain(ledger: Ledger) -> None:
    batch_id = await planned(ledger, 2)
    (dead,) = await claimed(ledger, batch_id, lease_seconds=TINY)
    (alive,) = await claimed(ledger, batch_id)
    await asyncio.sleep(2 * TINY)
    number, seconds = await settling.live_claims(ledger, batch_id)
    assert number == 1
    assert 50 < seconds <= 60
    assert await settling.expire_claims(ledger) == 1
    assert (await state(ledger, dead.request_id), await state(ledger, alive.request_id)) == ("uncertain", "sending")
    assert await settling.live_claims(ledger, "bat_unknown") == (0, 0.0)


@pytest.mark.parametrize("outcome", ["refused", "nothing", "uncertain"])
async def test_a_late_outcome_without_an_id_changes_nothing(ledger: Ledger, outcome: str) -> None:
    (one,) = await claimed(ledger, await planned(ledger), lease_seconds=TINY)
    await asyncio.sleep(2 * TINY)
    await settling.expire_claims(ledger)
    outcomes: dict[str, Outcome] = {
        "refused": Refused(request_id=one.request_id, attempt=1, problem="No."),
        "nothing": NothingHappened(request_id=one.request_id, attempt=1, not_before_seconds=99),
        "uncertain": Uncertain(request_id=one.request_id, attempt=1, problem="?"),
    }
    await sending.record(ledger, [outcomes[outcome]])
    assert await state(ledger, one.request_id) == "uncertain"


async def test_a_late_outcome_with_an_id_is_always_recorded(ledger: Ledger) -> None:
    (one,) = await claimed(ledger, await planned(ledger), lease_seconds=TINY)
    await asyncio.sleep(2 * TINY)
    await settling.expire_claims(ledger)
    await sending.record_sent(ledger, one.request_id, 1, snapshot("P1"))
    (line,) = await lines(ledger, requests)
    assert (line["state"], line["provider_id"], line["problem"]) == ("sent", "P1", None)


async def test_a_second_provider_id_is_kept_as_an_incident_and_the_first_stays(ledger: Ledger) -> None:
    batch_id = await planned(ledger)
    (one,) = await claimed(ledger, batch_id)
    await sending.record_uncertain(ledger, one.request_id, 1, "No answer.")
    assert await settling.resolve(ledger, one.request_id, None)  # a person errs
    (again,) = await claimed(ledger, batch_id)
    await sending.record_sent(ledger, one.request_id, again.attempt, snapshot("P2"))
    for _ in range(2):
        await sending.record_sent(ledger, one.request_id, 1, snapshot("P1"))
    (incident,) = await reading.all_incidents(ledger)
    assert (incident.request_id, incident.kind, incident.provider_id) == (one.request_id, "sent twice", "P1")
    (line,) = await lines(ledger, requests)
    assert (line["provider_id"], line["state"]) == ("P2", "sent")
    (status,) = await reading.rows(ledger, batch_id)
    assert status.problem == TWICE


async def test_what_happens_to_the_second_copy_is_remembered_and_moves_nothing(ledger: Ledger) -> None:
    (one,) = await claimed(ledger, await planned(ledger))
    await sending.record_sent(ledger, one.request_id, 1, snapshot("P1", "s1"))
    heard = await hear(ledger, event(EventType.DECLINED, "P2", ref=one.ref), event(EventType.COMPLETED, "P2"))
    assert heard == [one.request_id] * 2
    assert await state(ledger, one.request_id) == "sent"
    assert len(await lines(ledger, incidents)) == 1
    assert [line.what for line in await reading.told(ledger, one.request_id)] == ["sent", "declined", "completed"]


async def test_a_refusal_of_a_later_attempt_gives_way_to_an_earlier_one_that_got_through(ledger: Ledger) -> None:
    batch_id = await planned(ledger)
    (one,) = await claimed(ledger, batch_id)
    await sending.record_uncertain(ledger, one.request_id, 1, "No answer.")
    await settling.resolve(ledger, one.request_id, None)
    await claimed(ledger, batch_id)
    await sending.record_refused(ledger, one.request_id, 2, "There is one already.")
    await sending.record_sent(ledger, one.request_id, 1, snapshot("P1"))
    (line,) = await lines(ledger, requests)
    assert (line["state"], line["problem"], line["closed_at"]) == ("sent", None, None)


async def test_recording_sent_never_lowers_a_state_a_webhook_has_raised(ledger: Ledger) -> None:
    (one,) = await claimed(ledger, await planned(ledger))
    await hear(ledger, event(EventType.COMPLETED, "P1", ref=one.ref))
    assert not await sending.may_call(ledger, one.request_id, 1, 60.0)
    await sending.record_sent(ledger, one.request_id, 1, snapshot("P1", "s1"))
    assert await state(ledger, one.request_id) == "completed"
    assert await lines(ledger, incidents) == []


async def test_an_answer_that_says_completed_is_taken_at_its_word(ledger: Ledger) -> None:
    (one,) = await claimed(ledger, await planned(ledger))
    answer = snapshot("P1", "s1", status=Status.COMPLETED, document_url="https://files.example.com/1")
    await sending.record_sent(ledger, one.request_id, 1, answer)
    assert await state(ledger, one.request_id) == "completed"
    assert [effect.request_id for effect in await outbox.due(ledger, "archive", 9)] == [one.request_id]


async def test_every_outcome_has_its_row_written_to_the_sheet(ledger: Ledger) -> None:
    batch_id = await planned(ledger, 3)
    await outbox.done(ledger, [(one.id, one.version) for one in await outbox.due(ledger, "sheet", 99)])
    a, b, c = await claimed(ledger, batch_id, 3)
    await sending.record(
        ledger,
        [
            Sent(request_id=a.request_id, attempt=1, snapshot=snapshot("P1")),
            Refused(request_id=b.request_id, attempt=1, problem="No."),
            Uncertain(request_id=c.request_id, attempt=1, problem="?"),
        ],
    )
    assert {one.request_id for one in await outbox.due(ledger, "sheet", 99)} == {one.request_id for one in (a, b, c)}


async def test_a_claim_nobody_waits_for_any_longer_is_rolled_back(ledger: Ledger, url: str) -> None:
    batch_id = await planned(ledger, 3)
    async with await Ledger.open(url) as other:
        async with other.begin() as connection:
            await connection.execute(update(requests).values(problem="Somebody else writes."))
            claiming = asyncio.create_task(claimed(ledger, batch_id, 3))
            await asyncio.sleep(0.2)
            claiming.cancel()
            await asyncio.gather(claiming, return_exceptions=True)
        assert {line["state"] for line in await lines(ledger, requests)} == {"planned"}
        assert [one.attempt for one in await claimed(ledger, batch_id, 3)] == [1, 1, 1]
