"""What came in can be looked through, and what was given up can be tried again, as often as somebody likes."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.signing.model import Event, EventType
from ledger import delivered, inbox, planning, sending
from ledger.applying import Reported, apply_all
from ledger.delivered import Replayed, replay
from ledger.schema import effects, history, incidents, requests, signers
from ledger.schema import inbox as inbox_table
from ledger.store import Ledger
from tests.examples import examples
from tests.ledger.making import Fresh, claimed, delivery, draft, event, hear, lines, planned, row, sent
from tests.ledger.making import snapshot as answer

E = EventType
NEWS = [
    event(E.VIEWED, who=1),
    event(E.SIGNED, who=1),
    event(E.SIGNED, who=2),
    event(E.COMPLETED),
    event(E.BOUNCED, who=2, reason="No such mailbox."),
    event(E.SIGNED, "made by hand"),
]


async def some_of_everything(ledger: Ledger) -> str:
    """Webhook 1 was applied, 2 is about nobody's request, 3 is dead, 4 waits."""
    request_id = await sent(ledger)
    await hear(ledger, event(E.VIEWED, who=1), event(E.VIEWED, "P99"))
    await inbox.put(ledger, [delivery()])
    await inbox.bury(ledger, 3, "It is not JSON.")
    await inbox.put(ledger, [delivery()])
    return request_id


async def test_the_newest_come_first_with_what_became_of_them(ledger: Ledger) -> None:
    request_id = await some_of_everything(ledger)
    found = await delivered.newest(ledger, 9)
    assert [(one.id, one.state, one.kind, one.request_id) for one in found] == [
        (4, "waiting", None, None),
        (3, "dead", None, None),
        (2, "unmatched", "viewed", None),
        (1, "done", "viewed", request_id),
    ]
    assert found[1].reason == "It is not JSON."
    assert [one.id for one in await delivered.newest(ledger, 2)] == [4, 3]
    assert await delivered.unmatched(ledger) == 1


async def test_a_list_is_narrowed_by_request_state_and_time(ledger: Ledger) -> None:
    request_id = await some_of_everything(ledger)
    assert [one.id for one in await delivered.newest(ledger, 9, request_id=request_id)] == [1]
    for number, state in enumerate(("done", "unmatched", "dead", "waiting"), start=1):
        assert [one.id for one in await delivered.newest(ledger, 9, state=state)] == [number]  # type: ignore[arg-type] # one of the four
    soon = datetime.now(UTC) + timedelta(minutes=5)
    assert await delivered.newest(ledger, 9, since=soon) == []
    assert len(await delivered.newest(ledger, 9, since=soon - timedelta(hours=1))) == 4


async def test_only_dead_ones_are_put_back_and_the_others_are_counted(ledger: Ledger) -> None:
    await some_of_everything(ledger)
    assert await replay(ledger, (1, 2)) == Replayed(put_back=0, others={"done": 1, "unmatched": 1})
    both = await replay(ledger, (1, 40))
    assert both == Replayed(put_back=1, others={"done": 1, "unmatched": 1, "waiting": 1})
    assert [one.id for one in await inbox.take(ledger, 9)] == [3, 4]
    assert await replay(ledger) == Replayed(put_back=0)
    assert await replay(ledger, (40, 60)) == Replayed(put_back=0)


async def test_all_dead_ones_are_put_back_at_once_with_their_tries_forgotten(ledger: Ledger) -> None:
    await inbox.put(ledger, [delivery() for _ in range(5)])
    for one in (1, 2, 4):
        for _ in range(inbox.MOST_TRIES):
            await inbox.again(ledger, one, "The ledger was away.")
    assert (await replay(ledger)).put_back == 3
    assert [(one.id, one.tries) for one in await inbox.take(ledger, 9)] == [(one, 0) for one in range(1, 6)]


@pytest.mark.parametrize("by", ["id", "mark"])
async def test_what_nobody_knew_is_adopted_when_its_request_turns_up_by_whichever_name(ledger: Ledger, by: str) -> None:
    (one,) = await claimed(ledger, await planned(ledger))
    await hear(ledger, event(E.SIGNED, "P1", who=1))
    assert await delivered.unmatched(ledger) == 1
    if by == "id":  # our own answer comes at last, after the webhook
        await sending.record_sent(ledger, one.request_id, 1, answer("P1", "s1"))
    else:  # it never comes, but another webhook brings our mark
        await hear(ledger, event(E.VIEWED, "P1", who=1, ref=one.ref))
    assert await delivered.unmatched(ledger) == 0
    (request,) = await lines(ledger, requests)
    assert (request["state"], request["provider_id"]) == ("in_progress", "P1")
    assert {one.request_id for one in await delivered.newest(ledger, 9)} == {one.request_id}


async def test_a_webhook_that_brings_our_mark_needs_not_wait_for_our_answer(ledger: Ledger) -> None:
    (one,) = await claimed(ledger, await planned(ledger))
    assert await hear(ledger, event(E.SIGNED, "P1", who=1, ref=one.ref)) == [one.request_id]
    await sending.record_sent(ledger, one.request_id, 1, answer("P1", "s1"))
    (request,) = await lines(ledger, requests)
    assert (request["state"], request["provider_id"]) == ("in_progress", "P1")
    assert await lines(ledger, incidents) == []


REPLAYS = st.lists(
    st.one_of(st.just(None), st.tuples(st.integers(1, len(NEWS)), st.integers(1, len(NEWS)))), min_size=1, max_size=6
)


@given(gone_wrong=st.lists(st.booleans(), min_size=len(NEWS), max_size=len(NEWS)), replays=REPLAYS)
@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_however_often_what_is_replayed_the_ledger_says_what_was_reported_once(
    fresh_url: Fresh, gone_wrong: list[bool], replays: list[tuple[int, int] | None]
) -> None:
    url = fresh_url()

    async def story() -> None:
        async with await Ledger.open(url) as ledger:
            await _with_two_signers(ledger)
            await inbox.put(ledger, [delivery() for _ in NEWS])
            for number in itertools.compress(range(1, len(NEWS) + 1), gone_wrong):
                await inbox.bury(ledger, number, "It could not be applied.")
            await _drain(ledger)
            for numbers in replays:
                await replay(ledger, numbers)
                await _drain(ledger)
            await replay(ledger)
            await _drain(ledger)
            first = await _everything(ledger)
            for numbers in (*replays, (1, 99), None):
                assert (await replay(ledger, numbers)).put_back == 0
                await _drain(ledger)
            assert await _everything(ledger) == first
            told = [line["delivery_id"] for line in first["history"] if line["delivery_id"]]
            assert sorted(told) == list(range(1, len(NEWS)))  # each once, but for the one that is nobody's
            assert [line["state"] for line in first["requests"]] == ["completed"]
            assert [line["state"] for line in first["signers"]] == ["signed", "signed"]
            assert [line["state"] for line in first["inbox"]] == ["done"] * (len(NEWS) - 1) + ["unmatched"]

    asyncio.run(story())


async def _with_two_signers(ledger: Ledger) -> None:
    frozen = await planning.freeze(ledger, draft(row(2, orders=(1, 2))))
    (one,) = await claimed(ledger, frozen.batch_id)
    await sending.record_sent(ledger, one.request_id, one.attempt, answer("P1", "s1", "s2"))


async def _drain(ledger: Ledger) -> None:
    def reported(one: inbox.Waiting, about: Event) -> Reported:
        return Reported(one.id, one.provider, one.account, about, one.received_at)

    await apply_all(ledger, [reported(one, NEWS[one.id - 1]) for one in await inbox.take(ledger, 99)])


async def _everything(ledger: Ledger) -> dict[str, list[dict[str, Any]]]:
    tables = (requests, signers, history, effects, incidents, inbox_table)
    return {table.name: await lines(ledger, table) for table in tables}
