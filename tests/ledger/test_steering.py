"""Pausing, taking back, sending anew and reminding by a person's word, as the ledger keeps it."""

from __future__ import annotations

import asyncio

import pytest

from connectors.signing.model import EventType, Status
from ledger import applying, batches, gates, inbox, planning, reading, reminding, reminding_now, resending, voiding
from ledger import sending as sending_
from ledger.batches import Batch
from ledger.dossier import dossier, owner_of
from ledger.schema import batches as batches_
from ledger.schema import requests, signers
from ledger.states import RequestState
from ledger.store import Ledger
from tests.ledger.making import PLAN, SHEET, claimed, delivery, draft, event, hear, lines, planned, row, sent, snapshot

FAILED, CANCELED = RequestState.FAILED, RequestState.CANCELED


async def the(ledger: Ledger, batch_id: str) -> Batch:
    found = await batches.batch(ledger, batch_id)
    assert found is not None
    return found


# -- pausing -----------------------------------------------------------------------------------------------------


async def test_a_persons_pause_is_not_undone_by_sending_again(ledger: Ledger) -> None:
    batch_id = await planned(ledger, 2)
    assert await batches.hold(ledger, batch_id, "A person paused it.")
    await batches.reopen(ledger, batch_id)  # what every sending begins with
    assert await claimed(ledger, batch_id) == []
    await batches.release(ledger, batch_id)
    assert len(await claimed(ledger, batch_id)) == 1


async def test_a_persons_pause_stands_above_the_breakers(ledger: Ledger) -> None:
    batch_id = await planned(ledger)
    await batches.pause(ledger, batch_id, "The key is wrong.")
    await batches.hold(ledger, batch_id, "A person paused it.")
    await batches.pause(ledger, batch_id, "Too many were refused.")
    assert (await the(ledger, batch_id)).state == "held"
    assert (await the(ledger, batch_id)).paused_because == "A person paused it."
    assert [one.id for one in await batches.held(ledger, [batch_id, "bat_other"])] == [batch_id]


async def test_a_batch_that_is_done_cannot_be_paused(ledger: Ledger) -> None:
    await sent(ledger)
    (line,) = await lines(ledger, batches_)
    assert await batches.finish(ledger, line["id"])
    assert not await batches.hold(ledger, line["id"], "A person paused it.")


# -- taking back -------------------------------------------------------------------------------------------------


async def test_planned_rows_are_taken_back_at_once_and_the_batch_is_done(ledger: Ledger) -> None:
    batch_id = await planned(ledger, 3)
    (one,) = await claimed(ledger, batch_id)
    assert await voiding.take_back_planned(ledger, batch_id) == 2
    assert await voiding.take_back_planned(ledger, batch_id) == 0
    assert await batches.counts(ledger, batch_id) == {"sending": 1, "canceled": 2, "refused": 0, "already": 0}
    assert not await batches.finish(ledger, batch_id)
    await sending_.record_refused(ledger, one.request_id, 1, "No.")
    assert await batches.finish(ledger, batch_id)


async def test_a_row_taken_back_that_was_sent_after_all_is_open_and_can_be_withdrawn(ledger: Ledger) -> None:
    batch_id = await planned(ledger)
    (one,) = await claimed(ledger, batch_id)
    await sending_.record_nothing_happened(ledger, one.request_id, 1)
    assert await voiding.take_back(ledger, one.request_id)
    await sending_.record_sent(ledger, one.request_id, 1, snapshot("P1", "s1"))
    (line,) = await lines(ledger, requests)
    assert (line["state"], line["provider_id"], line["closed_at"]) == ("sent", "P1", None)
    (open_one,) = await voiding.open_requests(ledger, batch_id)
    assert open_one.provider_id == "P1"
    assert await voiding.withdrawn(ledger, one.request_id) is CANCELED
    await applying.observe(ledger, one.request_id, snapshot("P1", "s1"))
    assert (await lines(ledger, requests))[0]["state"] == "canceled"


async def test_what_was_completed_meanwhile_stays_completed(ledger: Ledger) -> None:
    request_id = await sent(ledger)
    await hear(ledger, event(EventType.COMPLETED))
    assert await voiding.withdrawn(ledger, request_id) is RequestState.COMPLETED


async def test_a_withdrawal_that_did_not_work_out_is_said_once_and_leaves_the_request_open(ledger: Ledger) -> None:
    request_id = await sent(ledger)
    for _ in range(2):
        await voiding.still_open(ledger, request_id, "The provider keeps it.")
    told = [line.what for line in await reading.told(ledger, request_id)]
    assert told.count("not withdrawn") == 1
    (line,) = await lines(ledger, requests)
    assert (line["state"], line["problem"]) == ("sent", "The provider keeps it.")


async def test_nobody_is_reminded_of_what_was_withdrawn(ledger: Ledger) -> None:
    request_id = await sent(ledger, reminders=PLAN)
    await voiding.withdrawn(ledger, request_id)
    assert {line["next_reminder_at"] for line in await lines(ledger, signers)} == {None}


async def test_a_row_that_is_being_sent_cannot_be_taken_back(ledger: Ledger) -> None:
    (one,) = await claimed(ledger, await planned(ledger))
    assert not await voiding.take_back(ledger, one.request_id)


# -- sending anew ------------------------------------------------------------------------------------------------


async def ended(ledger: Ledger) -> str:
    """One batch: row 2 failed, 3 uncertain, 4 declined, 5 completed, 6 canceled before it went out."""
    batch_id = await planned(ledger, 5, reminders=PLAN, orders=(1, 2))
    failed, unclear, no, yes = await claimed(ledger, batch_id, 4)
    await sending_.record_refused(ledger, failed.request_id, 1, "No.")
    await sending_.record_uncertain(ledger, unclear.request_id, 1, "No answer.")
    await sending_.record_sent(ledger, no.request_id, 1, snapshot("P3", status=Status.DECLINED))
    await sending_.record_sent(ledger, yes.request_id, 1, snapshot("P4", status=Status.COMPLETED))
    await voiding.take_back_planned(ledger, batch_id)
    return batch_id


async def test_only_what_failed_gets_a_new_round_with_the_same_content(ledger: Ledger) -> None:
    batch_id = await ended(ledger)
    assert await resending.over(ledger, batch_id, {FAILED}) == 1
    assert await resending.open_rounds(ledger, batch_id, {FAILED}) == 1
    assert await resending.open_rounds(ledger, batch_id, {FAILED}) == 0
    (one,) = await claimed(ledger, batch_id, 9)
    before, after = sorted(await lines(ledger, requests, row=2), key=lambda line: line["round"])
    assert (one.row, after["round"], one.request.title) == (2, 2, "An agreement")
    assert before["ref"] != after["ref"] and before["document_sha256"] == after["document_sha256"]
    people = await lines(ledger, signers, request_id=after["id"])
    assert [(line["email"], line["state"], line["turn"]) for line in people] == [
        ("person01@example.com", "waiting", 1),
        ("person02@example.com", "waiting", 2),
    ]
    assert (await reading.rows(ledger, batch_id))[0].state == "sending"


async def test_others_are_sent_anew_only_when_named_and_never_what_is_unclear_or_completed(ledger: Ledger) -> None:
    batch_id = await ended(ledger)
    everything = set(resending.RESENDABLE)
    assert await resending.open_rounds(ledger, batch_id, everything) == 3
    assert sorted(one.row for one in await claimed(ledger, batch_id, 9)) == [2, 4, 6]
    for state in (RequestState.UNCERTAIN, RequestState.COMPLETED, RequestState.SENT):
        with pytest.raises(ValueError, match="sent anew"):
            await resending.open_rounds(ledger, batch_id, {FAILED, state})


async def test_a_new_round_opens_a_batch_that_was_done(ledger: Ledger) -> None:
    batch_id = await planned(ledger)
    await voiding.take_back_planned(ledger, batch_id)
    assert await batches.finish(ledger, batch_id)
    assert await resending.open_rounds(ledger, batch_id, {CANCELED}) == 1
    assert (await the(ledger, batch_id)).state == "open"


async def test_two_who_send_anew_at_once_open_one_round(ledger: Ledger, url: str) -> None:
    batch_id = await planned(ledger, 20)
    await voiding.take_back_planned(ledger, batch_id)
    async with await Ledger.open(url) as other:
        opened = await asyncio.gather(*(resending.open_rounds(one, batch_id, {CANCELED}) for one in (ledger, other)))
    assert sum(opened) == 20
    assert len(await lines(ledger, requests, round=2)) == 20 and not await lines(ledger, requests, round=3)


async def test_what_a_newer_batch_has_taken_up_is_not_sent_anew_by_the_older(ledger: Ledger) -> None:
    old = (await planning.freeze(ledger, draft(row(2, "one")))).batch_id
    (one,) = await claimed(ledger, old)
    await sending_.record_refused(ledger, one.request_id, 1, "No.")
    await planning.freeze(ledger, draft(row(2, "one", title="Corrected")), again=["one"])
    assert await resending.open_rounds(ledger, old, {FAILED}) == 0


async def test_a_request_the_provider_holds_twice_is_not_sent_a_third_time(ledger: Ledger) -> None:
    request_id = await sent(ledger)
    await applying.observe(ledger, request_id, snapshot("P2"))
    await voiding.withdrawn(ledger, request_id)
    (line,) = await lines(ledger, requests)
    assert await resending.open_rounds(ledger, line["batch_id"], {CANCELED}) == 0


# -- reminding now -----------------------------------------------------------------------------------------------


async def test_whose_turn_it_is_is_reminded_now_and_not_again_within_a_day(ledger: Ledger) -> None:
    request_id = await sent(ledger, orders=(1, 2), reminders=PLAN)
    (batch_id,) = {line["batch_id"] for line in await lines(ledger, requests)}
    (one,) = await reminding_now.awaited(ledger, batch_id=batch_id)
    assert (one.due.provider_signer_id, one.lately, one.reachable) == ("s1", False, True)
    assert await reminding_now.begin_now(ledger, one.due)
    assert not await reminding_now.begin_now(ledger, one.due)
    await reminding.end_reminder(ledger, one.due, "sent")
    (again,) = await reminding_now.awaited(ledger, request_id=request_id)
    assert again.lately and not await reminding_now.begin_now(ledger, again.due)
    assert await reminding_now.awaited(ledger, batch_id=batch_id, after=request_id) == []


async def test_a_mark_without_an_outcome_counts_as_reminded(ledger: Ledger) -> None:
    request_id = await sent(ledger)
    (one,) = await reminding_now.awaited(ledger, request_id=request_id)
    await reminding_now.begin_now(ledger, one.due)
    assert (await reminding_now.awaited(ledger, request_id=request_id))[0].lately


async def test_what_certainly_did_not_go_out_leaves_no_trace(ledger: Ledger) -> None:
    request_id = await sent(ledger, reminders=PLAN)
    (one,) = await reminding_now.awaited(ledger, request_id=request_id)
    await reminding_now.begin_now(ledger, one.due)
    await reminding_now.take_back_now(ledger, one.due, one.next_before)
    (again,) = await reminding_now.awaited(ledger, request_id=request_id)
    assert (again.lately, again.due.number, again.next_before) == (False, 1, one.next_before)


async def test_nobody_is_reminded_while_news_of_their_account_waits(ledger: Ledger) -> None:
    request_id = await sent(ledger)
    (one,) = await reminding_now.awaited(ledger, request_id=request_id)
    await inbox.put(ledger, [delivery()])
    assert not await reminding_now.begin_now(ledger, one.due)


async def test_a_reminder_now_puts_the_planned_one_off(ledger: Ledger) -> None:
    request_id = await sent(ledger, reminders=PLAN)
    (one,) = await reminding_now.awaited(ledger, request_id=request_id)
    await reminding_now.begin_now(ledger, one.due)
    (status,) = await reading.sheet_rows(ledger, SHEET)
    assert status.next_reminder_at is not None and status.next_reminder_at >= one.due.as_of + PLAN.every


# -- a canary ----------------------------------------------------------------------------------------------------


async def test_a_canary_is_the_first_rows_and_the_others_wait(ledger: Ledger) -> None:
    batch_id = await planned(ledger, 5)
    gate = await gates.make(ledger, batch_id, "run 1", 2)
    assert gate is not None and await gates.canary_rows(ledger, gate) == (range(2, 4), 2)
    for one in await claimed(ledger, batch_id, 2):
        await sending_.record_refused(ledger, one.request_id, 1, "No.")
    asked = await gates.ask(ledger, gate)
    assert (asked.waiting, (await gates.ask(ledger, gate)).asked_at) == (3, asked.asked_at)
    await batches.reopen(ledger, batch_id)
    assert await claimed(ledger, batch_id, 9) == []
    assert await gates.of_run(ledger, "run 1") == asked
    assert await gates.answer(ledger, asked, True) == "open"
    assert await gates.others(ledger, asked) == (None, 3) and len(await claimed(ledger, batch_id, 9)) == 3


async def test_a_canary_that_was_cut_short_does_not_grow(ledger: Ledger) -> None:
    batch_id = await planned(ledger, 5)
    await gates.make(ledger, batch_id, "run 1", 3)
    (one,) = await claimed(ledger, batch_id)
    await sending_.record_refused(ledger, one.request_id, 1, "No.")
    gate = await gates.make(ledger, batch_id, "run 2", 3)
    assert gate is not None and await gates.canary_rows(ledger, gate) == (range(3, 5), 2)


async def test_a_canary_as_long_as_the_batch_needs_no_gate(ledger: Ledger) -> None:
    batch_id = await planned(ledger, 3)
    assert await gates.make(ledger, batch_id, None, 3) is None
    assert await gates.make(ledger, batch_id, None, 2, only_rows=[2, 3]) is None


async def test_a_no_leaves_the_others_planned_until_a_person_resumes(ledger: Ledger) -> None:
    batch_id = await planned(ledger, 3)
    gate = await gates.make(ledger, batch_id, "run 1", 1)
    assert gate is not None
    asked = await gates.ask(ledger, gate)
    assert await gates.answer(ledger, asked, False) == "held"
    assert "said no" in ((await the(ledger, batch_id)).paused_because or "")
    assert await gates.answer(ledger, asked, True) == "held"  # the first answer counts
    await batches.release(ledger, batch_id)
    assert len(await claimed(ledger, batch_id, 9)) == 3


async def test_a_late_yes_does_not_undo_a_persons_pause(ledger: Ledger) -> None:
    batch_id = await planned(ledger, 3)
    gate = await gates.make(ledger, batch_id, "run 1", 1)
    assert gate is not None
    asked = await gates.ask(ledger, gate)
    await batches.hold(ledger, batch_id, "A person paused it.")
    assert await gates.answer(ledger, asked, True) == "held"


async def test_a_yes_covers_no_round_that_was_opened_after_the_question(ledger: Ledger) -> None:
    batch_id = await planned(ledger, 3)
    gate = await gates.make(ledger, batch_id, "run 1", 1)
    assert gate is not None
    (one,) = await claimed(ledger, batch_id)
    await sending_.record_refused(ledger, one.request_id, 1, "No.")
    asked = await gates.ask(ledger, gate)
    await asyncio.sleep(0.005)
    await resending.open_rounds(ledger, batch_id, {FAILED})
    assert await gates.others(ledger, asked) == (range(3, 5), 2)


async def test_rows_with_others_between_them_are_named_one_by_one(ledger: Ledger) -> None:
    batch_id = await planned(ledger, 5)
    gate = await gates.make(ledger, batch_id, "run 1", 2, [2, 4, 6])
    assert gate is not None and await gates.canary_rows(ledger, gate, [2, 4, 6]) == ([2, 4], 2)
    taken = await sending_.claim(ledger, batch_id, "a process", 9, 60.0, only_rows=range(3, 5))
    assert [one.row for one in taken] == [3, 4]


# -- one request -------------------------------------------------------------------------------------------------


async def test_a_dossier_holds_everything_but_the_signing_link(ledger: Ledger) -> None:
    request_id = await sent(ledger, reminders=PLAN)
    await hear(ledger, event(EventType.VIEWED, who=1))
    await applying.observe(ledger, request_id, snapshot("P2"))
    found = await dossier(ledger, request_id)
    assert found is not None
    assert (found.state, found.provider_id, found.signers[0].state) == (RequestState.SENT, "P1", "viewed")
    assert [line.outcome for line in found.attempts] == ["sent"]
    assert [one.provider_id for one in found.incidents] == ["P2"]
    assert found.esign_id == f"{ledger.short_id}:{request_id}" and "sign_url" not in found.model_dump_json()
    assert await dossier(ledger, "req_unknown") is None
    assert await owner_of(ledger, "esignatures", "sandbox", "P1") == request_id
    assert await owner_of(ledger, "esignatures", "sandbox", "P2") == request_id
    assert await owner_of(ledger, "esignatures", "sandbox", "P3") is None
