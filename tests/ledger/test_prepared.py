"""A prepared statement means the same whichever way it reaches the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import JSON, Column, Integer, MetaData, Table, Text, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.errors import LedgerError
from ledger.prepared import Prepared, among_listed, listed, now
from ledger.sql import Moment
from ledger.store import Ledger

things = Table(
    "things",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", Text),
    Column("at", Moment),
    Column("more", JSON),
    Column("number", Integer),
)
NAMES = tuple(things.c.keys())
AT = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)
ROWS = [
    {"id": 1, "name": "Zoë", "at": AT, "more": {"a": [1, None]}, "number": 0},
    {"id": 2, "name": None, "at": None, "more": {}, "number": -1},
]
ADD = Prepared(lambda _: insert(things), NAMES)
RENAME = Prepared(lambda _: update(things).where(things.c.id == bindparam("which")).values(name=bindparam("name_")))
MORE = Prepared(
    lambda connection: (
        update(things)
        .where(among_listed(connection, things.c.id))
        .values(number=things.c.number + 7)
        .returning(things.c.id, things.c.number, things.c.at)
    )
)
ALL = Prepared(lambda _: select(*things.c).order_by(things.c.id))


async def story(connection: AsyncConnection) -> list[Any]:
    """A few statements of each kind; what the last ones answer."""
    await ADD.run(connection, ROWS)
    await RENAME.run(connection, {"which": 2, "name_": "renamed"})
    changed = await MORE.rows(connection, {"listed": listed(connection, [2, 1])})
    return [sorted(map(tuple, changed)), [tuple(row) for row in await ALL.rows(connection, {})]]


async def test_it_answers_the_same_by_the_driver_and_through_sqlalchemy(ledger: Ledger) -> None:
    expected = [
        [(1, 7, AT), (2, 6, None)],
        [(1, "Zoë", AT, {"a": [1, None]}, 7), (2, "renamed", None, {}, 6)],
    ]
    async with ledger.begin() as connection:
        await connection.run_sync(things.metadata.create_all)
        assert await story(connection) == expected
        await connection.execute(things.delete())
    assert await ledger.write(story) == expected


async def test_rows_have_names_either_way(ledger: Ledger) -> None:
    async with ledger.begin() as connection:
        await connection.run_sync(things.metadata.create_all)
        await ADD.run(connection, ROWS)
        assert [row.name for row in await ALL.rows(connection, {})] == ["Zoë", None]

    async def read(connection: AsyncConnection) -> list[str | None]:
        return [row.name for row in await ALL.rows(connection, {})]

    assert await ledger.write(read) == ["Zoë", None]


async def test_the_databases_clock_is_told_either_way(ledger: Ledger) -> None:
    async with ledger.begin() as connection:
        first = await now(connection)
    second = await ledger.write(now)
    assert timedelta() <= second - first < timedelta(seconds=30)
    assert first.tzinfo is UTC


async def test_what_the_driver_complains_of_is_said_in_our_words(ledger: Ledger) -> None:
    async with ledger.begin() as connection:
        await connection.run_sync(things.metadata.create_all)

    async def twice(connection: AsyncConnection) -> None:
        await ADD.run(connection, [*ROWS, {**ROWS[0], "name": "a secret"}])

    with pytest.raises(LedgerError) as refused:
        await ledger.write(twice)
    assert "a secret" not in str(refused.value) and refused.value.__cause__ is None

    async def lost(connection: AsyncConnection) -> None:
        await ALL.rows(connection, {})

    async with ledger.begin() as connection:
        await connection.run_sync(things.metadata.drop_all)
    with pytest.raises(LedgerError):
        await ledger.write(lost)
