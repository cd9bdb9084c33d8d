"""A batch at a glance: numbers, the rows that need a person, and every row in portions."""

from __future__ import annotations

import pytest

from connectors.signing.model import EventType
from ledger import batches, planning, sending
from ledger import overview as looking
from ledger.drafts import RefusedRow
from ledger.overview import every_row, overview
from ledger.store import Ledger
from tests.ledger.making import claimed, draft, event, hear, planned, row, snapshot


async def _mixed(ledger: Ledger) -> str:
    """Row 2 failed, 3 is unclear, 4 was declined, 5 has not arrived, 6 was sent twice, 7 and 8 are fine, 9 refused."""
    refused = [RefusedRow(row=9, key="nine", problem="No address.")]
    frozen = await planning.freeze(ledger, draft(*(row(number) for number in range(2, 9)), refused=refused))
    two, three, *others = await claimed(ledger, frozen.batch_id, 6)
    await sending.record_refused(ledger, two.request_id, 1, "The provider says no.")
    await sending.record_uncertain(ledger, three.request_id, 1, "No answer.")
    for one in others:
        await sending.record_sent(ledger, one.request_id, 1, snapshot(f"P{one.row}", "s1"))
    await sending.record_sent(ledger, others[2].request_id, 1, snapshot("P6 again", "s1"))
    await hear(ledger, event(EventType.DECLINED, "P4", who=1), event(EventType.BOUNCED, "P5", who=1))
    return frozen.batch_id


async def test_a_small_batch_is_shown_whole(ledger: Ledger) -> None:
    seen = await overview(ledger, await _mixed(ledger), 8)
    assert (seen.whole, [one.row for one in seen.rows]) == (True, [2, 3, 4, 5, 6, 7, 8, 9])


async def test_of_a_larger_one_the_rows_that_need_a_person_are_shown(ledger: Ledger) -> None:
    batch_id = await _mixed(ledger)
    seen = await overview(ledger, batch_id, 7)
    assert (seen.whole, seen.need, [one.row for one in seen.rows]) == (False, 6, [2, 3, 4, 5, 6, 9])
    assert seen.counts == {"failed": 1, "uncertain": 1, "declined": 1, "sent": 3, "planned": 1, "refused": 1,
                           "already": 0}  # fmt: skip
    first = await overview(ledger, batch_id, 2)
    assert (first.need, [one.row for one in first.rows]) == (6, [2, 3])


async def test_what_still_has_to_go_out_is_counted_of_all_rows_or_of_those_somebody_names(ledger: Ledger) -> None:
    batch_id = await planned(ledger, 5)
    (two,) = await claimed(ledger, batch_id)
    assert (two.row, await batches.planned(ledger, batch_id)) == (2, 4)
    assert await batches.planned(ledger, batch_id, [2, 3, 6, 7, 99]) == 2
    assert await batches.planned(ledger, batch_id, []) == 0
    assert await batches.planned(ledger, "bat_nobody") == 0


async def test_a_row_that_only_waits_to_be_sent_again_needs_nobody(ledger: Ledger) -> None:
    batch_id = await planned(ledger, 3)
    (one,) = await claimed(ledger, batch_id)
    await sending.record_nothing_happened(ledger, one.request_id, 1)
    assert (await overview(ledger, batch_id, 2)).need == 0


async def test_what_was_sent_again_counts_and_shows_in_its_last_round_alone(ledger: Ledger) -> None:
    plan = draft(row(2, "a"), row(3, "b"), row(4, "c"))
    frozen = await planning.freeze(ledger, plan)
    for one in await claimed(ledger, frozen.batch_id, 3):
        await sending.record_refused(ledger, one.request_id, 1, "No.")
    await planning.freeze(ledger, plan, again=["a", "b"])
    seen = await overview(ledger, frozen.batch_id, 2)
    assert seen.counts == {"failed": 1, "planned": 2, "refused": 0, "already": 0}
    assert (seen.need, [one.key for one in seen.rows]) == (1, ["c"])
    assert [(one.row, one.state) async for one in every_row(ledger, frozen.batch_id)] == [
        (2, "planned"), (3, "planned"), (4, "failed")
    ]  # fmt: skip


async def test_every_row_comes_in_the_sheets_order_portion_by_portion(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "PORTION", 2)
    batch_id = await _mixed(ledger)
    assert [one.row async for one in every_row(ledger, batch_id)] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert [one.row async for one in every_row(ledger, batch_id, "sent")] == [5, 6, 7]
    assert [one.problem async for one in every_row(ledger, batch_id, "refused")] == ["No address."]


async def test_rows_that_another_batch_has_are_shown_under_this_sheets_number(ledger: Ledger) -> None:
    await planning.freeze(ledger, draft(row(2, "a")))
    (one,) = await claimed(ledger, (await planning.freeze(ledger, draft(row(2, "a"), mode="test"))).batch_id)
    await sending.record_sent(ledger, one.request_id, 1, snapshot("P1"))
    later = await planning.freeze(ledger, draft(row(7, "a"), row(8, "b")))
    assert [(one.row, one.state) async for one in every_row(ledger, later.batch_id)] == [(7, "sent"), (8, "planned")]
    assert [one.row async for one in every_row(ledger, later.batch_id, "sent")] == [7]
