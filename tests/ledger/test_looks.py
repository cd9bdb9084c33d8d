"""Looks at a watched sheet, and a person's consent to what it sends for real."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from ledger import batches, consent, gates, planning
from ledger.drafts import BatchDraft
from ledger.looks import MANY, take_look
from ledger.store import Ledger
from tests.ledger.making import claimed, draft, row

HOURS = 24.0


async def test_a_look_returns_the_one_before_and_takes_its_place(ledger: Ledger) -> None:
    assert await take_look(ledger, "one", {"a": "1", "b": "1"}) == {}
    assert await take_look(ledger, "one", {"a": "1", "b": "2", "c": "1"}) == {"a": "1", "b": "1"}
    assert await take_look(ledger, "one", {"c": "1"}) == {"a": "1", "b": "2", "c": "1"}
    assert await take_look(ledger, "one", {}) == {"c": "1"}


async def test_watches_do_not_see_each_others_looks(ledger: Ledger) -> None:
    await take_look(ledger, "one", {"a": "1"})
    assert await take_look(ledger, "two", {"a": "2"}) == {}
    assert await take_look(ledger, "one", {"a": "1"}) == {"a": "1"}


async def test_a_look_at_many_rows_is_kept_whole(ledger: Ledger) -> None:
    seen = {f"row {number:05}": "1" for number in range(2 * MANY + 7)}
    await take_look(ledger, "one", seen)
    assert await take_look(ledger, "one", {}) == seen


async def asked(ledger: Ledger, plan: BatchDraft) -> gates.Gate:
    batch_id = (await planning.freeze(ledger, plan)).batch_id
    gate = await gates.make(ledger, batch_id, "run 1", 0)
    assert gate is not None and gate.last_row == 0
    return await gates.ask(ledger, gate)


async def test_before_the_answer_nothing_of_the_batch_is_claimed(ledger: Ledger) -> None:
    gate = await asked(ledger, draft(row(2), row(3), mode="live"))
    assert gate.waiting == 2 and await claimed(ledger, gate.batch_id, 9) == []
    held = await batches.batch(ledger, gate.batch_id)
    assert held is not None and (held.paused_because or "").startswith("Its rows wait for a person's yes")
    assert await gates.answer(ledger, gate, True) == "open"
    assert await gates.others(ledger, gate) == (None, 2) and len(await claimed(ledger, gate.batch_id, 9)) == 2


async def test_no_gate_is_made_in_front_of_nothing(ledger: Ledger) -> None:
    batch_id = (await planning.freeze(ledger, draft(mode="live"))).batch_id
    assert await gates.make(ledger, batch_id, "run 1", 0) is None


@pytest.mark.parametrize("answer", [True, False])
async def test_a_yes_is_good_for_what_is_alike_and_a_no_for_nothing(ledger: Ledger, answer: bool) -> None:
    gate = await asked(ledger, draft(row(2), mode="live"))
    alike = draft(mode="live")
    assert await consent.waiting_for(ledger, alike, HOURS) == gate.batch_id and not await consent.given(ledger, alike)
    await gates.answer(ledger, gate, answer)
    assert await consent.waiting_for(ledger, alike, HOURS) is None
    assert await consent.given(ledger, alike) is answer
    for name in consent.ALIKE:
        other = alike.model_copy(update={name: "test" if name == "mode" else "another"})
        assert not await consent.given(ledger, other), name


async def test_a_yes_to_the_others_after_a_canary_is_no_consent(ledger: Ledger) -> None:
    batch_id = (await planning.freeze(ledger, draft(row(2), row(3), mode="live"))).batch_id
    gate = await gates.make(ledger, batch_id, "run 1", 1)
    assert gate is not None
    await gates.answer(ledger, await gates.ask(ledger, gate), True)
    assert not await consent.given(ledger, draft(mode="live"))


async def test_a_question_runs_out_and_a_persons_pause_does_not(ledger: Ledger) -> None:
    gate = await asked(ledger, draft(row(2), mode="live"))
    assert await consent.run_out(ledger, [gate.batch_id], HOURS) == set()
    async with ledger.begin() as connection:
        await connection.execute(text("UPDATE gates SET asked_at = asked_at - 90000000"))
    assert await consent.waiting_for(ledger, draft(mode="live"), HOURS) is None
    assert await consent.run_out(ledger, [gate.batch_id], HOURS) == {gate.batch_id}
    await batches.hold(ledger, gate.batch_id, "Somebody said stop.")
    assert await consent.run_out(ledger, [gate.batch_id], HOURS) == set()
