"""Who is reminded when, and when the time to sign is over; `now` is what the caller says it is."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from connectors.signing.model import EventType
from ledger import applying, expiring, inbox, outbox, reading, reminding
from ledger.delivered import replay
from ledger.reminding import DueReminder
from ledger.schema import reminders, requests, signers
from ledger.store import Ledger
from tests.ledger.making import PLAN, SHEET, delivery, event, hear, lines, sent

DAY = timedelta(days=1)


def in_days(days: float) -> datetime:
    return datetime.now(UTC) + days * DAY


async def due(ledger: Ledger, days: float) -> list[DueReminder]:
    return await reminding.due_reminders(ledger, in_days(days), 99)


async def remind(ledger: Ledger, one: DueReminder, outcome: str = "sent") -> bool:
    if not await reminding.begin_reminder(ledger, one):
        return False
    await reminding.end_reminder(ledger, one, outcome)
    return True


async def test_a_signer_is_reminded_when_the_plan_says_and_no_more_often(ledger: Ledger) -> None:
    request_id = await sent(ledger, reminders=PLAN)
    assert await due(ledger, 2.9) == []
    (first,) = await due(ledger, 3.1)
    assert (first.request_id, first.provider_id, first.provider_signer_id, first.number) == (request_id, "P1", "s1", 1)
    assert await remind(ledger, first)
    assert await due(ledger, 5.0) == []
    (second,) = await due(ledger, 5.2)
    assert second.number == 2
    assert await remind(ledger, second)
    assert await due(ledger, 900) == []
    (status,) = await reading.sheet_rows(ledger, SHEET)
    assert (status.last_event, status.next_reminder_at) == ("reminded", None)


async def test_without_a_plan_nobody_is_reminded(ledger: Ledger) -> None:
    await sent(ledger)
    assert await due(ledger, 900) == []


async def test_only_whose_turn_it_is_and_the_next_ones_clock_starts_with_the_invitation(ledger: Ledger) -> None:
    await sent(ledger, orders=(1, 2), reminders=PLAN)
    assert [one.provider_signer_id for one in await due(ledger, 900)] == ["s1"]
    await hear(ledger, event(EventType.SIGNED, who=1))
    assert await due(ledger, 2.9) == []
    assert [one.provider_signer_id for one in await due(ledger, 3.1)] == ["s2"]


async def test_viewing_does_not_stop_reminders_and_an_invitation_again_does_not_restart_them(ledger: Ledger) -> None:
    await sent(ledger, reminders=PLAN)
    (before,) = await lines(ledger, signers)
    await asyncio.sleep(0.02)
    await hear(ledger, event(EventType.INVITED, who=1), event(EventType.VIEWED, who=1))
    (after,) = await lines(ledger, signers)
    assert after["invited_at"] == before["invited_at"]
    assert after["next_reminder_at"] == before["next_reminder_at"]
    assert len(await due(ledger, 3.1)) == 1


@pytest.mark.parametrize(
    "ending", [EventType.SIGNED, EventType.DECLINED, EventType.COMPLETED, EventType.CANCELED, EventType.EXPIRED,
               EventType.BOUNCED]
)  # fmt: skip
async def test_nobody_is_reminded_of_what_is_over(ledger: Ledger, ending: EventType) -> None:
    await sent(ledger, reminders=PLAN)
    (one,) = await due(ledger, 3.1)
    await hear(ledger, event(ending, who=1))
    assert await due(ledger, 900) == []
    assert not await reminding.begin_reminder(ledger, one)


async def test_after_a_week_of_silence_one_reminder_goes_out_and_not_three(ledger: Ledger) -> None:
    await sent(ledger, reminders=PLAN.model_copy(update={"most": 9}))
    (late,) = await due(ledger, 20)
    assert late.number == 1
    assert await remind(ledger, late)
    assert await due(ledger, 21.9) == []
    assert [one.number for one in await due(ledger, 22.1)] == [2]


async def test_two_who_remind_at_once_send_one(ledger: Ledger, url: str) -> None:
    await sent(ledger, reminders=PLAN)
    (one,) = await due(ledger, 3.1)
    async with await Ledger.open(url) as other:
        begun = await asyncio.gather(*(reminding.begin_reminder(which, one) for which in [ledger, other] * 3))
    assert sum(begun) == 1


@pytest.mark.parametrize("outcome", ["perhaps sent", "not sent"])
async def test_a_reminder_that_may_have_gone_out_is_not_made_up_for(ledger: Ledger, outcome: str) -> None:
    await sent(ledger, reminders=PLAN)
    (one,) = await due(ledger, 3.1)
    assert await remind(ledger, one, outcome)
    assert await due(ledger, 4) == []
    assert [line["outcome"] for line in await lines(ledger, reminders)] == [outcome]


async def test_nobody_is_reminded_while_news_of_that_account_waits(ledger: Ledger) -> None:
    await sent(ledger, reminders=PLAN)
    (one,) = await due(ledger, 3.1)
    await inbox.put(ledger, [delivery(account="another")])
    assert len(await due(ledger, 3.1)) == 1
    await inbox.put(ledger, [delivery()])
    assert await due(ledger, 3.1) == []
    assert not await reminding.begin_reminder(ledger, one)


async def test_news_that_was_given_up_unapplied_holds_reminders_and_deadlines_until_it_is_replayed(
    ledger: Ledger,
) -> None:
    await sent(ledger, reminders=PLAN, expires_in_hours=1)
    await inbox.put(ledger, [delivery(), delivery()])
    unreadable, failing = await inbox.take(ledger, 9)
    await inbox.bury(ledger, unreadable.id, "It is not JSON.")
    for _ in range(inbox.MOST_TRIES):
        await inbox.again(ledger, failing.id, "It could not be applied.")
    assert (len(await inbox.dead(ledger)), await inbox.take(ledger, 9)) == (2, [])
    assert await due(ledger, 3.1) == []
    assert await expiring.expire_overdue(ledger, in_days(9)) == []
    assert (await replay(ledger, (failing.id, failing.id))).put_back == 1
    await applying.apply(ledger, failing.id, failing.provider, failing.account, event(EventType.VIEWED, who=1),
                         failing.received_at)  # fmt: skip
    assert len(await due(ledger, 3.1)) == 1


async def test_an_account_that_rests_holds_up_no_others_reminders(ledger: Ledger) -> None:
    await sent(ledger, reminders=PLAN)
    assert await reminding.due_reminders(ledger, in_days(3.1), 1, resting=[("esignatures", "sandbox")]) == []
    assert len(await reminding.due_reminders(ledger, in_days(3.1), 1, resting=[("esignatures", "second")])) == 1


async def test_a_reminder_that_is_taken_back_is_due_again_behind_the_others(ledger: Ledger) -> None:
    await sent(ledger, reminders=PLAN)
    await sent(ledger, "P2", reminders=PLAN)
    one, other = await due(ledger, 3.1)
    assert await reminding.begin_reminder(ledger, one)
    await reminding.take_back_reminder(ledger, one)
    assert [again.number for again in await due(ledger, 3.2)] == [1, 1]
    assert [again.request_id for again in await due(ledger, 3.2)] == [other.request_id, one.request_id]
    assert await lines(ledger, reminders) == []


async def test_a_request_expires_when_its_hours_are_over(ledger: Ledger) -> None:
    request_id = await sent(ledger, expires_in_hours=48, reminders=PLAN)
    await sent(ledger, "P2")
    assert await expiring.expire_overdue(ledger, in_days(1.9)) == []
    assert await expiring.expire_overdue(ledger, in_days(2.1)) == [request_id]
    assert await expiring.expire_overdue(ledger, in_days(2.1)) == []
    assert await due(ledger, 900) == []
    assert [one.payload["name"] for one in await outbox.due(ledger, "event", 9)] == ["esign.request.expired"]


async def test_nothing_expires_while_news_of_that_account_waits(ledger: Ledger) -> None:
    await sent(ledger, expires_in_hours=1)
    await inbox.put(ledger, [delivery()])
    assert await expiring.expire_overdue(ledger, in_days(9)) == []


async def test_completed_in_the_last_minute_beats_our_clock(ledger: Ledger) -> None:
    await sent(ledger, expires_in_hours=1)
    await expiring.expire_overdue(ledger, in_days(9))
    await hear(ledger, event(EventType.COMPLETED))
    (line,) = await lines(ledger, requests)
    assert line["state"] == "completed"
