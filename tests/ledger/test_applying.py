"""What providers report, in any order, early, late and repeated."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from connectors.signing.model import Event, EventType, Status
from ledger import applying, inbox, outbox, planning, reading, sending
from ledger.applying import Reported
from ledger.schema import attempts, history, requests, signers
from ledger.schema import inbox as inbox_table
from ledger.store import Ledger
from tests.ledger.making import claimed, delivery, draft, event, hear, lines, planned, row, sent, snapshot

E = EventType


async def state(ledger: Ledger, request_id: str) -> str:
    (line,) = await lines(ledger, requests, id=request_id)
    return str(line["state"])


async def signer_states(ledger: Ledger) -> list[str]:
    return [line["state"] for line in await lines(ledger, signers)]


async def told(ledger: Ledger) -> list[str]:
    return [effect.payload["name"].removeprefix("esign.request.") for effect in await outbox.due(ledger, "event", 99)]


async def test_one_after_the_other_signs_and_is_invited(ledger: Ledger) -> None:
    request_id = await sent(ledger, orders=(1, 1, 2))
    assert await signer_states(ledger) == ["invited", "invited", "waiting"]
    await hear(ledger, event(E.VIEWED, who=1), event(E.SIGNED, who=1))
    assert await signer_states(ledger) == ["signed", "invited", "waiting"]
    await hear(ledger, event(E.SIGNED, who=2))
    assert await signer_states(ledger) == ["signed", "signed", "invited"]
    assert await state(ledger, request_id) == "in_progress"
    await hear(ledger, event(E.SIGNED, who=3), event(E.COMPLETED))
    assert await state(ledger, request_id) == "completed"
    assert await told(ledger) == ["viewed", "signed", "signed", "signed", "completed"]
    (effect,) = await outbox.due(ledger, "archive", 9)
    assert effect.request_id == request_id


@pytest.mark.parametrize("order", list(permutations([E.DECLINED, E.CANCELED])))
async def test_declined_and_withdrawn_together_are_declined_in_either_order(
    ledger: Ledger, order: tuple[EventType, ...]
) -> None:
    request_id = await sent(ledger)
    events = {E.DECLINED: event(E.DECLINED, who=1, reason="Not like this."), E.CANCELED: event(E.CANCELED)}
    await hear(ledger, *(events[kind] for kind in order))
    (line,) = await lines(ledger, requests, id=request_id)
    assert (line["state"], line["problem"]) == ("declined", "Not like this.")
    assert await signer_states(ledger) == ["declined"]
    assert (await told(ledger))[-1] == "declined"


@pytest.mark.parametrize("order", list(permutations([E.VIEWED, E.SIGNED, E.COMPLETED])))
async def test_news_in_any_order_ends_the_same(ledger: Ledger, order: tuple[EventType, ...]) -> None:
    request_id = await sent(ledger)
    for kind in order * 2:
        await hear(ledger, event(kind, who=None if kind is E.COMPLETED else 1))
    assert await state(ledger, request_id) == "completed"
    assert await signer_states(ledger) == ["signed"]
    assert len(await outbox.due(ledger, "archive", 9)) == 1
    (signer,) = await lines(ledger, signers)
    assert signer["viewed_at"] is not None
    assert signer["signed_at"] is not None
    assert (await told(ledger)).count("completed") == 1


@pytest.mark.parametrize("ending", [E.COMPLETED, E.DECLINED, E.CANCELED, E.EXPIRED])
async def test_a_late_event_never_moves_a_request_backwards(ledger: Ledger, ending: EventType) -> None:
    request_id = await sent(ledger, orders=(1, 2))
    await hear(ledger, event(ending))
    before = await state(ledger, request_id)
    await hear(ledger, event(E.INVITED, who=2), event(E.VIEWED, who=1), event(E.SIGNED, who=1), event(E.CANCELED))
    assert await state(ledger, request_id) == before == ending.value


async def test_the_same_delivery_twice_has_one_effect(ledger: Ledger) -> None:
    await sent(ledger)
    twice = [delivery("the same"), delivery("the same")]
    assert await inbox.put(ledger, twice) == [True, False]
    assert await inbox.put(ledger, twice) == [False, False]
    (waiting,) = await inbox.take(ledger, 9)
    arguments = (waiting.id, waiting.provider, waiting.account, event(E.VIEWED, who=1), waiting.received_at)
    assert await applying.apply(ledger, *arguments) is not None
    assert await applying.apply(ledger, *arguments) is None
    assert len(await lines(ledger, history, what="viewed")) == 1


async def test_an_event_that_comes_before_our_answer_waits_for_it(ledger: Ledger) -> None:
    (one,) = await claimed(ledger, await planned(ledger))
    assert await hear(ledger, event(E.SIGNED, "P1", who=1), event(E.COMPLETED, "P1")) == [None, None]
    assert await inbox.take(ledger, 9) == []
    await sending.record_sent(ledger, one.request_id, 1, snapshot("P1", "s1"))
    assert await state(ledger, one.request_id) == "completed"
    assert {line["state"] for line in await lines(ledger, inbox_table)} == {"done"}


async def test_an_event_that_waits_is_found_by_another_event_that_brings_our_mark(ledger: Ledger) -> None:
    (one,) = await claimed(ledger, await planned(ledger))
    await sending.record_uncertain(ledger, one.request_id, 1, "No answer.")
    heard = await hear(ledger, event(E.SIGNED, "P1", who=1), event(E.VIEWED, "P1", who=1, ref=one.ref))
    assert heard == [None, one.request_id]
    assert await state(ledger, one.request_id) == "in_progress"
    assert await signer_states(ledger) == ["signed"]


async def test_our_mark_alone_proves_that_it_was_sent(ledger: Ledger) -> None:
    (one,) = await claimed(ledger, await planned(ledger))
    await sending.record_uncertain(ledger, one.request_id, 1, "No answer.")
    await hear(ledger, event(E.UNKNOWN, None, ref=one.ref))
    assert await state(ledger, one.request_id) == "sent"


async def test_a_webhook_answers_for_the_attempt_whose_answer_was_lost(ledger: Ledger) -> None:
    (one,) = await claimed(ledger, await planned(ledger))
    await sending.record_uncertain(ledger, one.request_id, 1, "No answer.")
    await hear(ledger, event(E.VIEWED, "P1", ref=one.ref))
    (attempt,) = await lines(ledger, attempts)
    assert (attempt["outcome"], attempt["provider_id"]) == ("sent", "P1")


async def test_our_mark_counts_only_together_with_the_account(ledger: Ledger) -> None:
    (one,) = await claimed(ledger, await planned(ledger))
    assert await hear(ledger, event(E.COMPLETED, "P1", ref=one.ref), account="another") == [None]
    await hear(ledger, event(E.COMPLETED, "P2", ref=one.ref), provider="another")
    assert await state(ledger, one.request_id) == "sending"
    await sending.record_sent(ledger, one.request_id, 1, snapshot("P1"))
    assert await state(ledger, one.request_id) == "sent"


async def test_somebody_elses_request_is_nothing_of_ours(ledger: Ledger) -> None:
    await sent(ledger)
    assert await hear(ledger, event(E.COMPLETED, "P99"), event(E.UNKNOWN, None)) == [None, None]


async def test_a_word_we_do_not_know_is_remembered_and_moves_nothing(ledger: Ledger) -> None:
    request_id = await sent(ledger)
    await hear(ledger, Event(type=E.UNKNOWN, name="something-new", provider_id="P1"))
    assert await state(ledger, request_id) == "sent"
    assert [line.name for line in await reading.told(ledger, request_id)] == ["sent", "something-new"]


async def test_a_bounce_that_names_nobody_is_that_of_whoever_is_asked_alone(ledger: Ledger) -> None:
    request_id = await sent(ledger, orders=(1, 2))
    await hear(ledger, event(E.BOUNCED, reason="No such mailbox."))
    assert await signer_states(ledger) == ["bounced", "waiting"]
    (line,) = await lines(ledger, requests, id=request_id)
    assert line["problem"] == "No such mailbox."
    assert await told(ledger) == ["bounced"]


async def test_a_bounce_among_several_is_shown_though_nobody_knows_whose_it_is(ledger: Ledger) -> None:
    request_id = await sent(ledger, orders=(1, 1))
    await hear(ledger, event(E.BOUNCED, reason="No such mailbox."))
    assert await signer_states(ledger) == ["invited", "invited"]
    (line,) = await lines(ledger, requests, id=request_id)
    assert line["problem"] == "No such mailbox."
    assert await told(ledger) == ["bounced"]


async def test_a_bounce_of_somebody_else_is_nobodys_here(ledger: Ledger) -> None:
    await sent(ledger)
    await hear(ledger, event(E.BOUNCED, signer_email="assistant@example.com"))
    assert await signer_states(ledger) == ["invited"]


async def test_a_late_bounce_of_somebody_who_has_signed_is_no_problem(ledger: Ledger) -> None:
    request_id = await sent(ledger, orders=(1, 2))
    await hear(ledger, event(E.SIGNED, who=1), event(E.BOUNCED, who=1))
    (line,) = await lines(ledger, requests, id=request_id)
    assert (line["state"], line["problem"]) == ("in_progress", None)


async def test_a_bounce_shows_in_the_row(ledger: Ledger) -> None:
    request_id = await sent(ledger)
    await hear(ledger, event(E.BOUNCED, who=1, reason="No such mailbox."))
    (line,) = await lines(ledger, requests, id=request_id)
    assert (line["state"], line["problem"]) == ("sent", "No such mailbox.")
    assert await signer_states(ledger) == ["bounced"]


async def test_signers_are_told_apart_by_id_and_else_by_address(ledger: Ledger) -> None:
    await sent(ledger, orders=(1, 1))
    await hear(ledger, Event(type=E.VIEWED, name="x", provider_id="P1", signer_email=" PERSON02@example.com"))
    assert await signer_states(ledger) == ["invited", "viewed"]
    await hear(ledger, Event(type=E.SIGNED, name="x", provider_id="P1", signer_id="s1", signer_email="new@example.com"))
    assert await signer_states(ledger) == ["signed", "viewed"]
    await hear(ledger, Event(type=E.SIGNED, name="x", provider_id="P1", signer_email="nobody@example.com"))
    assert await signer_states(ledger) == ["signed", "viewed"]


async def test_a_later_order_that_acts_proves_that_the_earlier_one_is_through(ledger: Ledger) -> None:
    request_id = await sent(ledger, orders=(1, 2))
    await hear(ledger, event(E.VIEWED, who=2))
    (status,) = await reading.sheet_rows(ledger, "/somewhere/staff.csv")
    assert (status.request_id, status.waiting_for) == (request_id, "Signer 2")


async def test_an_event_cannot_have_happened_after_we_heard_of_it(ledger: Ledger) -> None:
    await sent(ledger)
    await hear(ledger, event(E.VIEWED, who=1, occurred_at=datetime.now(UTC) + timedelta(days=900)))
    await hear(ledger, event(E.SIGNED, who=1, occurred_at=datetime(2020, 1, 1, tzinfo=UTC)))
    (signer,) = await lines(ledger, signers)
    assert signer["viewed_at"] < datetime.now(UTC) + timedelta(minutes=5)
    assert signer["signed_at"] == datetime(2020, 1, 1, tzinfo=UTC)


async def test_many_deliveries_are_applied_in_one_go(ledger: Ledger) -> None:
    frozen = await planning.freeze(ledger, draft(*(row(number) for number in range(2, 22))))
    rows = await claimed(ledger, frozen.batch_id, 20)
    for one in rows[:10]:
        await sending.record_sent(ledger, one.request_id, 1, snapshot(f"P{one.row}", "s1"))
    await inbox.put(ledger, [delivery(f"{one.row:03}") for one in rows for _ in range(1)])
    waiting = await inbox.take(ledger, 99)
    reported = [
        Reported(got.id, got.provider, got.account, event(E.COMPLETED, f"P{one.row}"), got.received_at)
        for got, one in zip(waiting, rows, strict=True)
    ]
    applied = await applying.apply_all(ledger, reported)
    assert set(applied.values()) == {one.request_id for one in rows[:10]}
    assert (await sending.counts(ledger, frozen.batch_id))["completed"] == 10
    assert await applying.apply_all(ledger, reported) == {}


async def test_asking_the_provider_says_as_much_as_its_webhooks(ledger: Ledger) -> None:
    request_id = await sent(ledger)
    assert not await applying.observe(ledger, request_id, snapshot("P1"))
    assert await applying.observe(ledger, request_id, snapshot("P1", status=Status.COMPLETED))
    assert await state(ledger, request_id) == "completed"
    assert await told(ledger) == ["completed"]


async def test_what_could_not_be_confirmed_about_a_claimed_row_leaves_it_in_doubt_and_never_without_a_way_out(
    ledger: Ledger,
) -> None:
    (one,) = await claimed(ledger, await planned(ledger))
    await inbox.put(ledger, [delivery()])
    (waiting,) = await inbox.take(ledger, 1)
    hint = Reported(waiting.id, waiting.provider, waiting.account, event(E.VIEWED, None), waiting.received_at)
    await applying.leave_unconfirmed(ledger, hint, one.request_id, "The provider could not be asked about it.")
    assert await state(ledger, one.request_id) == "uncertain"
    assert not await sending.may_call(ledger, one.request_id, one.attempt, 60)
    await sending.record_sent(ledger, one.request_id, one.attempt, snapshot("P1", "s1"))
    (line,) = await lines(ledger, requests, id=one.request_id)
    assert (line["state"], line["provider_id"], line["problem"]) == ("sent", "P1", None)
