"""A delivery nothing can be done with is set aside after three tries, and keeps no other waiting meanwhile."""

from __future__ import annotations

from sqlalchemy import select, text, update

from flows.events.apply import apply_waiting
from ledger import inbox, schema
from ledger.delivered import replay
from ledger.settings import Settings
from ledger.store import Ledger
from tests.flows.fake_provider import FakeProvider
from tests.flows.test_draining import deliver, put, sent, states

TOO_DEEP = b'{"status":' + b"[" * 100_000
"""Python's reader of JSON gives up on it with a `RecursionError`, which is no `ValueError`."""


async def let_time_pass(ledger: Ledger) -> None:
    """Whatever waits for a later try is due now."""
    async with ledger.begin() as connection:
        await connection.execute(update(schema.inbox).values(not_before=None))


async def refuse_row(ledger: Ledger, row: int) -> None:
    """From now on the database takes no change of this row."""
    trigger = f"CREATE TRIGGER no BEFORE UPDATE ON requests WHEN NEW.row = {row} BEGIN SELECT RAISE(ABORT, 'no'); END"
    async with ledger.begin() as connection:
        await connection.execute(text(trigger))


async def tries(ledger: Ledger) -> dict[int, tuple[str, int]]:
    async with ledger.read() as connection:
        columns = (schema.inbox.c.id, schema.inbox.c.state, schema.inbox.c.tries)
        return {row.id: (row.state, row.tries) for row in await connection.execute(select(*columns))}


async def test_what_the_ledger_cannot_take_is_set_aside_after_three_tries(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await sent(ledger, settings, provider, 3)
    await refuse_row(ledger, 3)
    for contract in provider.contracts:
        await deliver(ledger, "contract-signed", contract)
    for number in (1, 2):
        await apply_waiting(ledger)
        assert (await tries(ledger))[2] == ("waiting", number)
        assert await apply_waiting(ledger) == 0, "it waits before it is tried again"
        await let_time_pass(ledger)
    await apply_waiting(ledger)
    (dead,) = await inbox.dead(ledger)
    assert (dead.id, dead.reason) == (2, "It could not be applied (LedgerError).")
    assert await states(ledger, batch_id) == ["completed", "sent", "completed"]


async def test_what_came_after_it_is_applied_each_time(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await sent(ledger, settings, provider, 4)
    await refuse_row(ledger, 2)
    await deliver(ledger, "contract-signed", provider.contracts[0])
    for contract in provider.contracts[1:]:
        await deliver(ledger, "contract-signed", contract)
        await apply_waiting(ledger)
        await let_time_pass(ledger)
    assert await states(ledger, batch_id) == ["sent", "completed", "completed", "completed"]
    assert [one.id for one in await inbox.dead(ledger)] == [1]


async def test_what_breaks_the_reader_itself_is_set_aside_too(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await sent(ledger, settings, provider, 1)
    await put(ledger, TOO_DEEP)
    await deliver(ledger, "contract-signed", provider.contracts[0])
    for _ in range(inbox.MOST_TRIES):
        await apply_waiting(ledger)
        await let_time_pass(ledger)
    assert await states(ledger, batch_id) == ["completed"]
    assert len(await inbox.dead(ledger)) == 1 and await inbox.take(ledger, 9) == []


async def test_what_was_set_aside_is_applied_once_its_cause_is_gone(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    batch_id = await sent(ledger, settings, provider, 1)
    await refuse_row(ledger, 2)
    await deliver(ledger, "contract-signed", provider.contracts[0])
    for _ in range(inbox.MOST_TRIES):
        await apply_waiting(ledger)
        await let_time_pass(ledger)
    async with ledger.begin() as connection:
        await connection.execute(text("DROP TRIGGER no"))
    assert (await replay(ledger)).put_back == 1
    await apply_waiting(ledger)
    assert await states(ledger, batch_id) == ["completed"]
