"""Settling unclear attempts: that something was not found proves nothing by itself."""

from __future__ import annotations

import pytest

from connectors.signing.model import EventType, Lookup
from ledger import planning, reading, sending, settling
from ledger.schema import attempts, requests
from ledger.sending import Claimed
from ledger.settling import Settled
from ledger.store import Ledger
from tests.ledger.making import claimed, draft, event, hear, lines, planned, row, sent, snapshot

ACCOUNT = ("esignatures", "sandbox", "test")


async def uncertain(ledger: Ledger) -> Claimed:
    (one,) = await claimed(ledger, await planned(ledger))
    await sending.record_uncertain(ledger, one.request_id, one.attempt, "No answer.")
    return one


async def settle(ledger: Ledger, lookup: Lookup, settle_seconds: float = 0.0) -> Settled:
    return await settling.settle(ledger, await settling.unclear(ledger, *ACCOUNT), lookup, settle_seconds)


async def state(ledger: Ledger, one: Claimed) -> str:
    (line,) = await lines(ledger, requests, id=one.request_id)
    return str(line["state"])


async def test_a_mark_that_is_found_was_sent(ledger: Ledger) -> None:
    one = await uncertain(ledger)
    settled = await settle(ledger, Lookup(found={one.ref: snapshot("P7", "s1")}, ids=frozenset({"P7"})))
    assert (settled.found, settled.absent, settled.left) == (1, 0, 0)
    (line,) = await lines(ledger, attempts)
    assert (line["outcome"], line["provider_id"]) == ("sent", "P7")
    assert await state(ledger, one) == "sent"


async def test_a_mark_that_is_found_twice_was_sent_twice(ledger: Ledger) -> None:
    one = await uncertain(ledger)
    lookup = Lookup(found={one.ref: snapshot("P8")}, also={one.ref: (snapshot("P7"),)}, ids=frozenset({"P7", "P8"}))
    assert (await settle(ledger, lookup)).found == 1
    (incident,) = await reading.all_incidents(ledger)
    assert (incident.request_id, incident.kind, incident.provider_id) == (one.request_id, "sent twice", "P7")
    assert await state(ledger, one) == "sent"


async def test_absence_counts_when_the_window_reaches_back_before_the_attempt(ledger: Ledger) -> None:
    await sent(ledger, "anchor")
    one = await uncertain(ledger)
    settled = await settle(ledger, Lookup(ids=frozenset({"anchor"})))
    assert (settled.absent, await state(ledger, one)) == (1, "planned")


async def test_a_request_accepted_after_the_attempt_is_no_anchor(ledger: Ledger) -> None:
    one = await uncertain(ledger)
    await sent(ledger, "later")
    for complete in (False, True):
        settled = await settle(ledger, Lookup(ids=frozenset({"later"}), complete=complete))
        assert (settled.left, await state(ledger, one)) == (1, "uncertain")


async def test_an_anchor_that_the_list_does_not_show_proves_nothing(ledger: Ledger) -> None:
    await sent(ledger, "anchor")
    one = await uncertain(ledger)
    await settle(ledger, Lookup(ids=frozenset({"somebody else's"}), complete=True))
    assert await state(ledger, one) == "uncertain"


async def test_before_anything_was_accepted_a_complete_list_is_proof(ledger: Ledger) -> None:
    one = await uncertain(ledger)
    assert not await settling.known_good(ledger, *ACCOUNT)
    await settle(ledger, Lookup(complete=False))
    assert await state(ledger, one) == "uncertain"
    await settle(ledger, Lookup(complete=True))
    assert await state(ledger, one) == "planned"


async def test_absence_counts_only_after_the_settle_time(ledger: Ledger) -> None:
    await sent(ledger, "anchor")
    one = await uncertain(ledger)
    await settle(ledger, Lookup(ids=frozenset({"anchor"})), settle_seconds=600)
    assert await state(ledger, one) == "uncertain"


async def test_the_anchor_of_another_account_is_none(ledger: Ledger) -> None:
    one = await uncertain(ledger)
    await sent(ledger, "anchor", title="Another")
    other = await claimed_elsewhere(ledger)
    await settle(ledger, Lookup(ids=frozenset({other}), complete=True))
    assert await state(ledger, one) == "uncertain"


async def claimed_elsewhere(ledger: Ledger) -> str:
    frozen = await planning.freeze(ledger, draft(row(2, "elsewhere"), account="second"))
    (one,) = await claimed(ledger, frozen.batch_id)
    await sending.record_sent(ledger, one.request_id, 1, snapshot("elsewhere"))
    return "elsewhere"


async def test_what_became_unclear_after_the_question_was_asked_is_left_alone(ledger: Ledger) -> None:
    await sent(ledger, "anchor")
    asked = await settling.unclear(ledger, *ACCOUNT)
    later = await uncertain(ledger)
    assert await settling.settle(ledger, asked, Lookup(ids=frozenset({"anchor"})), 0.0) == Settled(
        found=0, absent=0, left=0
    )
    assert await state(ledger, later) == "uncertain"


async def test_what_moved_on_while_we_looked_is_left_alone(ledger: Ledger) -> None:
    await sent(ledger, "anchor")
    one = await uncertain(ledger)
    asked = await settling.unclear(ledger, *ACCOUNT)
    await hear(ledger, event(EventType.VIEWED, "P7", ref=one.ref))
    settled = await settling.settle(ledger, asked, Lookup(ids=frozenset({"anchor"})), 0.0)
    assert (settled.absent, await state(ledger, one)) == (0, "sent")


async def test_an_answer_about_an_earlier_attempt_does_not_judge_a_later_one(ledger: Ledger) -> None:
    await sent(ledger, "anchor")
    one = await uncertain(ledger)
    asked = await settling.unclear(ledger, *ACCOUNT)
    await settling.resolve(ledger, one.request_id, None)
    (line,) = await lines(ledger, requests, id=one.request_id)
    (again,) = await claimed(ledger, line["batch_id"])
    await sending.record_uncertain(ledger, one.request_id, again.attempt, "No answer.")
    await settling.settle(ledger, asked, Lookup(ids=frozenset({"anchor"})), 0.0)
    assert await state(ledger, one) == "uncertain"


@pytest.mark.parametrize(("word", "becomes"), [("P9", "sent"), (None, "planned")])
async def test_a_person_may_settle_what_no_look_up_can(ledger: Ledger, word: str | None, becomes: str) -> None:
    one = await uncertain(ledger)
    assert await settling.resolve(ledger, one.request_id, word)
    assert await state(ledger, one) == becomes
    assert not await settling.resolve(ledger, one.request_id, word)
