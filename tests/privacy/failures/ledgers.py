"""Failures of the ledger."""

from __future__ import annotations

import os

from aiohttp import web

from flows.events.flow import process_events
from flows.send.flow import send_batch
from tests.privacy.canaries import SHARED, canary
from tests.privacy.failures.catalogue import failure
from tests.privacy.room import Room


@failure
async def a_ledger_that_refuses_a_row_and_quotes_it(room: Room) -> None:
    batch = await room.frozen(room.sheet(name=f"{room.person.sheet}.csv"))
    room.sql(_quoting("BEFORE INSERT ON attempts", f"UNIQUE constraint failed, Key (email)=({room.person.email})"))
    state = await send_batch(batch=batch, return_state=True)
    assert (state.message or "").endswith(f"Withheld: LedgerError {batch}")


@failure
async def a_ledger_that_goes_away_in_mid_run(room: Room) -> None:
    batch = await room.frozen(room.sheet(name=f"{room.person.sheet}.csv"))

    async def drop(_: web.Request) -> None:
        room.sql(f'ALTER TABLE attempts RENAME TO "{room.person.table}"')
        room.sql("DROP TABLE leases")

    room.provider.faults = [drop]
    state = await send_batch(batch=batch, return_state=True)
    assert (state.message or "").endswith(f"Withheld: LedgerUnavailable {batch}")


@failure
async def a_ledger_that_is_no_database(room: Room) -> None:
    room.home.mkdir()
    (room.home / "ledger.db").write_text(f"{room.person.name}\n" * 1000)
    state = await process_events(linger_seconds=0, return_state=True)
    assert (state.message or "").endswith("Withheld: LedgerError")


@failure
async def a_ledger_that_does_not_answer_with_a_password_in_its_address(room: Room) -> None:
    os.environ["ESIGN_LEDGER_URL"] = (
        f"postgresql://esign:{canary(SHARED, 'password')}@127.0.0.1:1/{room.person.database}"
    )
    state = await process_events(linger_seconds=0, return_state=True)
    assert "Withheld: Ledger" in (state.message or "")


@failure
async def a_ledger_whose_address_cannot_be_read(room: Room) -> None:
    os.environ["ESIGN_LEDGER_URL"] = f"postgresql://esign:{canary(SHARED, 'password')}@127.0.0.1:{room.person.port}/x"
    state = await process_events(linger_seconds=0, return_state=True)
    assert state.is_failed() and "Withheld: " in (state.message or "")


def _quoting(when: str, what: str) -> str:
    """A trigger that makes SQLite complain like a broken constraint, with a row's content in its words."""
    return f"CREATE TRIGGER quoting {when} BEGIN SELECT RAISE(ABORT, '{what}'); END"
