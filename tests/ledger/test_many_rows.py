"""Large batches: freezing takes portions, and no question that is asked all the time reads a whole table."""

from __future__ import annotations

import time
from typing import Any

import pytest
from sqlalchemy import event, text

from connectors.signing.model import EventType
from ledger import (
    applying,
    batches,
    delivered,
    emptying,
    expiring,
    inbox,
    outbox,
    planning,
    reading,
    reminding,
    sending,
    settling,
)
from ledger.applying import Reported
from ledger.overview import overview
from ledger.store import Ledger
from tests.ledger.making import delivery, draft, in_a_year, row, snapshot
from tests.ledger.making import event as happened

ROWS = 4000


async def test_thousands_of_rows_are_frozen_claimed_and_read_in_seconds(ledger: Ledger) -> None:
    plan = draft(*(row(number, orders=(1, 2)) for number in range(2, 2 + ROWS)))
    begun = time.monotonic()
    frozen = await planning.freeze(ledger, plan)
    assert (await planning.freeze(ledger, plan)).mine == frozen.mine == ROWS
    assert (await planning.freeze(ledger, draft(*plan.rows))).adopted == ROWS
    assert len(await reading.sheet_rows(ledger, plan.sheet)) == ROWS
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_no_question_that_is_asked_all_the_time_reads_a_whole_table(ledger: Ledger) -> None:
    frozen = await planning.freeze(ledger, draft(*(row(number) for number in range(2, 60))))
    asked: list[tuple[str, Any]] = []
    engine = ledger._engine.sync_engine

    @event.listens_for(engine, "before_cursor_execute")
    def listen(_: Any, __: Any, statement: str, values: Any, ___: Any, many: bool) -> None:
        asked.append((statement, values[0] if many else values))

    rows = await sending.claim(ledger, frozen.batch_id, "me", 50, 60.0)
    await sending.may_call(ledger, rows[0].request_id, 1, 60.0)
    for one in rows[1:]:
        await sending.record_sent(ledger, one.request_id, 1, snapshot(f"P{one.row}", "s1"))
    await inbox.put(ledger, [delivery()])
    (waiting,) = await inbox.take(ledger, 1)
    news = happened(EventType.SIGNED, "P5", who=1, ref="Eunknown")
    await applying.apply_all(
        ledger, [Reported(waiting.id, waiting.provider, waiting.account, news, waiting.received_at)]
    )
    await settling.expire_claims(ledger)
    await settling.live_claims(ledger, frozen.batch_id)
    await settling.unclear(ledger, "esignatures", "sandbox", "test")
    await outbox.due(ledger, "sheet", 9)
    await inbox.work_waiting(ledger)
    await reminding.due_reminders(ledger, in_a_year(), 9)
    await expiring.expire_overdue(ledger, in_a_year())
    await expiring.overdue(ledger, in_a_year(), ["esignatures"])
    await settling.known_good(ledger, "esignatures", "another", "test")
    await planning.seconds_until_due(ledger, frozen.batch_id)
    await planning.known(ledger, "test", "spring", ["key 3", "key 4"])
    await planning.marked(ledger, [rows[0].request_id])
    await batches.batches(ledger, 1)
    await batches.planned(ledger, frozen.batch_id)
    await batches.planned(ledger, frozen.batch_id, [3, 4])
    await overview(ledger, frozen.batch_id, 10)
    await outbox.stuck(ledger)
    await inbox.dead(ledger)
    await delivered.unmatched(ledger)
    await delivered.newest(ledger, 9, request_id=rows[0].request_id)
    await emptying.empty_old(ledger, 90)
    event.remove(engine, "before_cursor_execute", listen)

    scans, steps = set(), []
    async with ledger.read() as connection:
        for statement, values in asked:
            if statement.split()[0] in ("SELECT", "UPDATE", "INSERT"):
                found = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                plan = [line[3] for line in found]
                scans |= {(step, statement) for step in plan if _reads_all(step)}
                steps += plan
    assert scans == set()
    for index in (
        "requests_person",
        "requests_later",
        "inbox_lost",
        "inbox_kept",
        "effects_stuck",
        "batches_frozen_at_id",
    ):
        assert any(f"INDEX ix_{index}" in step for step in steps), index
    async with ledger.read() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM requests"))).scalar_one() == 58


def _reads_all(step: str) -> bool:
    """`SCAN table` without an index, but for the parameters and the tables that stay small."""
    small = ("json_each", "CONSTANT ROW", "ledgers", "incidents", "SUBQUERY", "anon")
    return step.startswith("SCAN") and "USING" not in step and not any(one in step for one in small)
