"""An account's rate is everybody's who sends through it."""

from __future__ import annotations

import asyncio
import itertools
import time

from sqlalchemy import update

from ledger import planning, sending, turns
from ledger.schema import turns as turns_table
from ledger.sending import Turnover, Wish
from ledger.sql import now_ms
from ledger.store import Ledger
from tests.ledger.making import draft, planned, row


def wish(batch_id: str, most: int, *, rate: float = 10.0, ahead: float = 0.5, hold: float = 0.0) -> Wish:
    return Wish(batch_id, "a process", most, 60.0, provider="esignatures", account="sandbox", rate=rate,
                ahead_seconds=ahead, hold_seconds=hold)  # fmt: skip


async def take(ledger: Ledger, batch_id: str, most: int, **more: float) -> Turnover:
    return await sending.turn_over(ledger, (), wish(batch_id, most, **more))


async def test_no_more_rows_are_claimed_than_have_their_turn_soon(ledger: Ledger) -> None:
    batch_id = await planned(ledger, 20)
    first = await take(ledger, batch_id, 20, rate=2.0, ahead=2.0)
    begins = [one.turn_in for one in first.rows]
    assert len(begins) == 5
    assert begins[0] == 0.0 and 1.9 < begins[-1] <= 2.0
    assert all(0.45 <= later - earlier <= 0.51 for earlier, later in itertools.pairwise(begins))
    again = await take(ledger, batch_id, 20, rate=2.0, ahead=0.1)
    assert again.rows == [] and not again.none_left and 0 < again.next_in < 2.5


async def test_two_batches_of_one_account_share_its_turns(ledger: Ledger) -> None:
    one = await planned(ledger, 10)
    other = (await planning.freeze(ledger, draft(*(row(number) for number in range(20, 30))))).batch_id
    assert len((await take(ledger, one, 3, rate=1.0, ahead=5.0)).rows) == 3
    second = (await take(ledger, other, 2, rate=1.0, ahead=5.0)).rows
    assert [1.5 < each.turn_in <= 4.0 for each in second] == [True, True]


async def test_claims_at_the_same_moment_never_get_the_same_turn(ledger: Ledger) -> None:
    batch_id = await planned(ledger, 40)
    before = time.time_ns() // 1000
    taken = await asyncio.gather(*(take(ledger, batch_id, 4, ahead=10.0) for _ in range(5)))
    rows = [one for turned in taken for one in turned.rows]
    assert len({one.request_id for one in rows}) == len(rows) == 20
    async with ledger.begin() as connection:
        free = await turns.look(connection, "esignatures", "sandbox", 10.0, 0.0)
    assert free.start_us - before >= 1.9 * turns.SECOND


async def test_what_one_is_told_to_wait_holds_for_all(ledger: Ledger) -> None:
    batch_id = await planned(ledger, 5)
    assert (await take(ledger, batch_id, 0, hold=30.0)).rows == []
    held = await take(ledger, batch_id, 5)
    assert held.rows == [] and 28 < held.next_in < 30
    assert len(await sending.claim(ledger, batch_id, "somebody", 5, 60.0)) == 5  # without a rate nobody waits


async def test_a_shorter_wait_does_not_end_a_longer_one(ledger: Ledger) -> None:
    batch_id = await planned(ledger, 5)
    await take(ledger, batch_id, 0, hold=30.0)
    await take(ledger, batch_id, 0, hold=1.0)
    assert (await take(ledger, batch_id, 5)).next_in > 28


async def test_a_clock_that_was_set_wrongly_stops_nobody(ledger: Ledger) -> None:
    batch_id = await planned(ledger, 5)
    await take(ledger, batch_id, 1)
    async with ledger.begin() as connection:
        in_a_day = now_ms() * 1000 + 86_400 * turns.SECOND
        await connection.execute(update(turns_table).values(next_us=in_a_day))
    assert len((await take(ledger, batch_id, 2)).rows) == 2


async def test_a_batch_with_nothing_to_claim_says_so_and_takes_no_turn(ledger: Ledger) -> None:
    batch_id = await planned(ledger, 1)
    assert len((await take(ledger, batch_id, 5)).rows) == 1
    empty = await take(ledger, batch_id, 5)
    assert empty.rows == [] and empty.none_left
