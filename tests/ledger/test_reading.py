"""What people see of their rows."""

from __future__ import annotations

import time

from connectors.signing.model import EventType
from ledger import outbox, planning, reading, sending
from ledger.drafts import RefusedRow
from ledger.ids import esign_id, new_id, new_ref, read_esign_id
from ledger.store import Ledger
from tests.ledger.making import PLAN, SHEET, claimed, draft, event, hear, row, sent, snapshot


async def test_all_rows_of_a_sheet_are_shown_in_its_order(ledger: Ledger) -> None:
    rows = (row(2, "a"), row(4, "b"))
    refused = [
        RefusedRow(row=3, key="c", problem="No address."),
        RefusedRow(row=5, key="a", problem="It repeats row 2."),
    ]
    frozen = await planning.freeze(ledger, draft(*rows, refused=refused))
    shown = await reading.rows(ledger, frozen.batch_id)
    assert [(one.row, one.state) for one in shown] == [(2, "planned"), (3, "refused"), (4, "planned"), (5, "refused")]
    assert shown[0].esign_id == f"{ledger.short_id}:{shown[0].request_id}"
    assert (shown[1].esign_id, shown[1].problem) == (None, "No address.")


async def test_parallel_signers_are_waited_for_together(ledger: Ledger) -> None:
    await sent(ledger, orders=(1, 1, 2), reminders=PLAN)
    (status,) = await reading.sheet_rows(ledger, SHEET)
    assert status.waiting_for == "Signer 1, Signer 2"
    assert status.next_reminder_at is not None
    await hear(ledger, event(EventType.COMPLETED))
    (status,) = await reading.sheet_rows(ledger, SHEET)
    assert (status.waiting_for, status.next_reminder_at) == ("", None)


async def test_of_several_batches_of_a_sheet_the_one_frozen_last_wins_for_each_key(ledger: Ledger) -> None:
    first_plan = draft(row(2, "a"), row(3, "b"), refused=[RefusedRow(row=4, key="c", problem="Old.")])
    first = await planning.freeze(ledger, first_plan)
    for one in await claimed(ledger, first.batch_id, 2):
        await sending.record_sent(ledger, one.request_id, 1, snapshot(f"P{one.row}"))
    live = await planning.freeze(ledger, draft(row(2, "a"), mode="live"))
    shown = await reading.sheet_rows(ledger, SHEET)
    assert [(one.key, one.state) for one in shown] == [("a", "planned"), ("b", "sent")]
    await planning.freeze(ledger, first_plan)
    shown = await reading.sheet_rows(ledger, SHEET)
    assert [(one.key, one.state) for one in shown] == [("a", "sent"), ("b", "sent"), ("c", "refused")]
    assert live.new == 1


async def test_of_chosen_requests_those_are_shown_that_the_sheet_shows(ledger: Ledger) -> None:
    first = await planning.freeze(ledger, draft(row(2, "a"), row(3, "b"), sheet="/somewhere/first.csv"))
    a, b = await claimed(ledger, first.batch_id, 2)
    for one in (a, b):
        await sending.record_sent(ledger, one.request_id, 1, snapshot(f"P{one.row}"))
    await planning.freeze(ledger, draft(row(7, "a"), sheet="/somewhere/second.csv"))

    async def shown(sheet: str, *ids: str) -> list[tuple[int, str | None]]:
        portions = reading.sheet_portions(ledger, f"/somewhere/{sheet}.csv", ids)
        return [(one.row, one.key) async for portion in portions for one in portion]

    both = a.request_id, b.request_id
    assert await shown("first", *both) == [(2, "a"), (3, "b")]
    assert await shown("first", b.request_id) == [(3, "b")]
    assert await shown("second", *both) == [(7, "a")], "it found one of them there already"
    due = {one.request_id: set(one.payload["sheets"]) for one in await outbox.due(ledger, "sheet", 9)}
    assert due[b.request_id] == {"/somewhere/first.csv"}
    assert due[a.request_id] == {"/somewhere/first.csv", "/somewhere/second.csv"}
    await planning.freeze(ledger, draft(row(2, "a"), mode="live", sheet="/somewhere/first.csv"))
    assert await shown("first", *both) == [(3, "b")], "a batch frozen later has the other row"


async def test_an_esign_id_can_be_read_back_and_others_cannot(ledger: Ledger) -> None:
    request_id = new_id("req")
    assert read_esign_id(f"  {esign_id(ledger, request_id)} ") == (ledger.short_id, request_id)
    for other in ("", "4711", f"{ledger.short_id}:", f"{ledger.short_id}:bat_{request_id[4:]}", f"x{request_id}"):
        assert read_esign_id(other) is None


def test_ids_sort_by_age_and_marks_do_not_repeat() -> None:
    earlier = new_id("req")
    time.sleep(0.002)
    assert earlier < new_id("req")
    marks = {new_ref() for _ in range(2000)}
    assert len(marks) == 2000
    assert all(len(mark) == 13 and mark.startswith("E") for mark in marks)
