"""What SQLite and Postgres say differently: database time, upserts, and long lists of values."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Dialect, Integer, Table, Text, cast, func, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime in Python, whole milliseconds since 1970 in the database.

    One number everywhere: it compares with database time, and neither database can lose the time zone.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - _EPOCH) // _MILLISECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else as_moment(value)


def as_moment(milliseconds: int) -> datetime:
    """The aware datetime of so many milliseconds since 1970."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


class now_ms(FunctionElement[int]):  # noqa: N801 - reads like the SQL function it is
    """The database's clock in milliseconds, so that all processes agree on whether a lease still lives."""

    type = BigInteger()
    inherit_cache = True


@compiles(now_ms, "sqlite")
def _now_sqlite(element: now_ms, compiler: Any, **kw: Any) -> str:
    # unixepoch('subsec') came with SQLite 3.42; Debian 12 has 3.40
    return "CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)"


@compiles(now_ms, "postgresql")
def _now_postgresql(element: now_ms, compiler: Any, **kw: Any) -> str:
    # clock_timestamp(), not now(): the latter stands still within a transaction
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"


def upsert(connection: AsyncConnection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT in this connection's dialect."""
    return postgresql.insert(table) if is_postgres(connection) else sqlite.insert(table)


def among(connection: AsyncConnection, column: ColumnElement[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """`column IN values` with one parameter, however many values there are (both databases stop at 32,766)."""
    if is_postgres(connection):
        return column == func.any(cast(list(values), postgresql.ARRAY(column.type)))
    listed = func.json_each(json.dumps(list(values))).table_valued("value")
    return column.in_(select(listed.c.value))


def stands(column: ColumnElement[str], *states: str) -> ColumnElement[bool]:
    """`column` is one of these states, written out: a partial index does not serve a state that is a parameter."""
    if not all(state.isidentifier() for state in states):
        raise ValueError("A state is a plain word.")
    written = [literal_column(f"'{state}'", Text) for state in states]
    return column == written[0] if len(written) == 1 else column.in_(written)


def at_least(column: ColumnElement[int], number: int) -> ColumnElement[bool]:
    """`column` is this number or more, written out, for the same reason."""
    return column >= literal_column(f"{number:d}", Integer)


def unindexed(column: ColumnElement[str]) -> ColumnElement[str]:
    """`column`, compared without its index: SQLite keeps no statistics, and would read a batch of a million rows rather
    than begin with the three of another table."""
    return column.concat("")


async def serialize(connection: AsyncConnection, *names: str) -> None:
    """Let nobody else who names one of these run until this transaction ends; SQLite's writers are alone anyway."""
    if is_postgres(connection):
        for name in sorted(set(names)):  # one order for everybody, so that two never wait for each other
            await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


def is_postgres(connection: AsyncConnection) -> bool:
    """Whether this ledger is on Postgres rather than SQLite."""
    return connection.dialect.name == "postgresql"
