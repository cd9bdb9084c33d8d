"""Freezing plans: every key once, whatever is planned again, by whom, at the same time."""

from __future__ import annotations

import asyncio

import pytest

from connectors.signing.model import Document, Status
from ledger import batches, planning, reading, sending
from ledger.drafts import RefusedRow
from ledger.schema import documents, requests, signers
from ledger.states import RequestState
from ledger.store import Ledger
from tests.ledger.making import claimed, draft, lines, row, snapshot


async def test_a_plan_becomes_a_batch_whose_rows_are_planned(ledger: Ledger) -> None:
    plan = draft(row(2), row(3, orders=(1, 2)))
    frozen = await planning.freeze(ledger, plan)
    assert (frozen.new, frozen.adopted, frozen.mine, frozen.already, frozen.resumed) == (2, 0, 2, {}, False)
    batch = await planning.batch(ledger, frozen.batch_id)
    assert batch is not None
    assert (batch.state, batch.base_url, batch.fingerprint) == ("open", plan.base_url, plan.fingerprint)
    assert await sending.counts(ledger, batch.id) == {"planned": 2, "refused": 0, "already": 0}
    assert len(await lines(ledger, signers)) == 3
    assert [one.id for one in await planning.batches(ledger)] == [batch.id]


async def test_the_same_plan_again_is_the_same_batch(ledger: Ledger) -> None:
    plan = draft(row(2), row(3))
    first = await planning.freeze(ledger, plan)
    again = await planning.freeze(ledger, plan.model_copy(update={"sheet": "/moved/staff.csv"}))
    assert (again.batch_id, again.new, again.mine, again.resumed) == (first.batch_id, 0, 2, True)
    batch = await planning.batch(ledger, first.batch_id)
    assert batch is not None
    assert batch.sheet == "/moved/staff.csv"


async def test_the_same_plan_for_another_account_of_that_name_is_another_batch(ledger: Ledger) -> None:
    plan = draft(row(2))
    first = await planning.freeze(ledger, plan)
    second = await planning.freeze(ledger, plan.model_copy(update={"fingerprint": "another"}))
    assert second.batch_id != first.batch_id
    assert (second.new, second.adopted) == (0, 1)


async def test_a_key_that_is_out_already_stays_with_its_batch(ledger: Ledger) -> None:
    first = await planning.freeze(ledger, draft(row(2, "one"), row(3, "two")))
    await claimed(ledger, first.batch_id)
    second = await planning.freeze(ledger, draft(row(7, "one"), row(8, "two"), row(9, "three")))
    assert (second.new, second.adopted, second.mine) == (1, 1, 2)
    assert {number: (one.batch_id, one.state) for number, one in second.already.items()} == {
        7: (first.batch_id, RequestState.SENDING)
    }
    assert [(one.row, one.key, one.state) for one in await reading.rows(ledger, second.batch_id)] == [
        (7, "one", "sending"),
        (8, "two", "planned"),
        (9, "three", "planned"),
    ]


async def test_a_planned_row_moves_to_the_newer_plan_with_its_newer_content(ledger: Ledger) -> None:
    first = await planning.freeze(ledger, draft(row(2, "one")))
    newer = row(5, "one", orders=(1, 1), title="A better title", document=Document(markdown="# Better"))
    second = await planning.freeze(ledger, draft(newer))
    (one,) = await claimed(ledger, second.batch_id)
    assert one.request.model_copy(update={"ref": ""}) == newer.request
    assert one.row == 5
    assert len(await lines(ledger, signers)) == 2
    left = await planning.batch(ledger, first.batch_id)
    assert left is not None
    assert left.state == "done"


async def test_a_row_that_is_planned_again_after_an_attempt_moves_too(ledger: Ledger) -> None:
    first = await planning.freeze(ledger, draft(row(2, "one")))
    (one,) = await claimed(ledger, first.batch_id)
    await sending.record_nothing_happened(ledger, one.request_id, one.attempt)
    second = await planning.freeze(ledger, draft(row(2, "one")))
    (again,) = await claimed(ledger, second.batch_id)
    assert (again.request_id, again.ref, again.attempt) == (one.request_id, one.ref, 2)


async def test_a_row_that_may_have_been_sent_moves_nowhere(ledger: Ledger) -> None:
    first = await planning.freeze(ledger, draft(row(2, "one")))
    (one,) = await claimed(ledger, first.batch_id)
    await sending.record_uncertain(ledger, one.request_id, 1, "No answer.")
    second = await planning.freeze(ledger, draft(row(2, "one")))
    assert (second.adopted, second.mine, second.already[2].state) == (0, 0, RequestState.UNCERTAIN)
    assert await claimed(ledger, second.batch_id) == []


async def test_refused_rows_are_kept_on_the_batch_and_touch_no_request(ledger: Ledger) -> None:
    await planning.freeze(ledger, draft(row(2, "one")))
    problem = RefusedRow(row=2, key="one", problem="The address is not one.")
    plan = draft(row(3, "two"), refused=[problem, RefusedRow(row=4, problem="The key is empty.")])
    frozen = await planning.freeze(ledger, plan)
    counts = await sending.counts(ledger, frozen.batch_id)
    assert (counts["planned"], counts["refused"]) == (1, 2)
    assert (await planning.known(ledger, "test", "spring", ["one"]))["one"].state is RequestState.PLANNED
    mended = plan.model_copy(update={"refused": ()})
    assert (await planning.freeze(ledger, mended)).batch_id == frozen.batch_id
    assert (await sending.counts(ledger, frozen.batch_id))["refused"] == 0


async def test_two_rows_with_one_key_are_no_plan(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="Rows 2 and 3 have the same key"):
        await planning.freeze(ledger, draft(row(2, "one"), row(3, "one")))


async def test_test_and_live_and_campaigns_know_nothing_of_one_another(ledger: Ledger) -> None:
    for plan in (draft(row(2, "one")), draft(row(2, "one"), mode="live"), draft(row(2, "one"), campaign="autumn")):
        assert (await planning.freeze(ledger, plan)).new == 1
    assert await planning.known(ledger, "live", "autumn", ["one"]) == {}


async def test_only_an_explicit_wish_opens_a_new_round_and_only_after_an_end(ledger: Ledger) -> None:
    frozen = await planning.freeze(ledger, draft(row(2, "refused"), row(3, "running"), row(4, "completed")))
    refused, running, done = await claimed(ledger, frozen.batch_id, 3)
    await sending.record_refused(ledger, refused.request_id, 1, "No.")
    await sending.record_sent(ledger, running.request_id, 1, snapshot("P1"))
    await sending.record_sent(ledger, done.request_id, 1, snapshot("P2", status=Status.COMPLETED))
    rows = (row(2, "refused"), row(3, "running"), row(4, "completed"))
    assert (await planning.freeze(ledger, draft(*rows))).new == 0
    again = await planning.freeze(ledger, draft(*rows), again={"refused", "running", "completed"})
    assert (again.new, set(again.already)) == (1, {3, 4})
    known = await planning.known(ledger, "test", "spring", ["refused"])
    assert (known["refused"].round, known["refused"].state) == (2, RequestState.PLANNED)


async def test_a_round_that_was_followed_by_another_in_its_batch_is_not_counted(ledger: Ledger) -> None:
    plan = draft(row(2, "refused"))
    frozen = await planning.freeze(ledger, plan)
    (one,) = await claimed(ledger, frozen.batch_id)
    await sending.record_refused(ledger, one.request_id, 1, "No.")
    again = await planning.freeze(ledger, plan, again={"refused"})
    assert again.batch_id == frozen.batch_id
    assert await sending.counts(ledger, again.batch_id) == {"planned": 1, "refused": 0, "already": 0}
    assert [one.state for one in await reading.rows(ledger, again.batch_id)] == ["planned"]
    (shown,) = await reading.sheet_rows(ledger, plan.sheet)
    assert shown.state == "planned"


async def test_it_is_known_when_the_next_row_is_due(ledger: Ledger) -> None:
    frozen = await planning.freeze(ledger, draft(row(2)))
    assert await planning.seconds_until_due(ledger, frozen.batch_id) == 0
    (one,) = await claimed(ledger, frozen.batch_id)
    await sending.record_nothing_happened(ledger, one.request_id, 1, not_before_seconds=90)
    assert 80 < await planning.seconds_until_due(ledger, frozen.batch_id) <= 90


async def test_many_plans_of_the_same_rows_at_once_plan_each_key_once(ledger: Ledger, url: str) -> None:
    rows = [row(number) for number in range(2, 42)]
    async with await Ledger.open(url) as other:
        plans = [draft(*rows) for _ in range(6)]
        frozen = await asyncio.gather(
            *(planning.freeze(one, plan) for one, plan in zip([ledger, other] * 3, plans, strict=True))
        )
    assert sum(one.new for one in frozen) == 40
    assert len(await lines(ledger, requests)) == 40
    assert sorted(one.mine for one in frozen)[-1] == 40


async def test_a_text_that_everybody_gets_is_kept_once(ledger: Ledger) -> None:
    await planning.freeze(ledger, draft(*(row(number) for number in range(2, 30))))
    assert len(await lines(ledger, documents)) == 1


async def test_a_paused_batch_stays_paused_until_it_is_reopened(ledger: Ledger) -> None:
    frozen = await planning.freeze(ledger, draft(row(2)))
    await batches.pause(ledger, frozen.batch_id, "The account has no credit.")
    await batches.pause(ledger, frozen.batch_id, "Another reason.")
    batch = await planning.batch(ledger, frozen.batch_id)
    assert batch is not None
    assert (batch.state, batch.paused_because) == ("paused", "The account has no credit.")
    assert await claimed(ledger, frozen.batch_id) == []
    await batches.reopen(ledger, frozen.batch_id)
    assert len(await claimed(ledger, frozen.batch_id)) == 1


async def test_a_batch_is_done_when_every_row_has_an_answer(ledger: Ledger) -> None:
    frozen = await planning.freeze(ledger, draft(row(2), row(3)))
    first, second = await claimed(ledger, frozen.batch_id, 2)
    await sending.record_sent(ledger, first.request_id, 1, snapshot("P1"))
    await sending.record_uncertain(ledger, second.request_id, 1, "No answer.")
    assert not await batches.finish(ledger, frozen.batch_id)
    await sending.record_sent(ledger, second.request_id, 1, snapshot("P2"))
    assert await batches.finish(ledger, frozen.batch_id)
