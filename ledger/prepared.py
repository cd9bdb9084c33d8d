"""Statements that are built and compiled once for each kind of database, for what happens with every row.

SQLAlchemy keeps compiled statements by itself, but finds them by a key made of the whole statement each time, keeps
none that has an ON CONFLICT, and then spends ten times as long around a statement of SQLite's as SQLite does in it. So
SQLAlchemy writes them and knows the types, and on SQLite the driver gets them straight.
"""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Executable, Text, bindparam, cast, func, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ClauseElement

from ledger.inline import AtOnce
from ledger.sql import as_moment, is_postgres, now_ms

Values = Mapping[str, Any]
Convert = Callable[[Any], Any]
Converts = list[tuple[int, Convert]]


class Prepared:
    """One statement; `write` builds it for a connection's kind of database, `keys` are an INSERT's columns."""

    def __init__(self, write: Callable[[AsyncConnection], ClauseElement], keys: Sequence[str] = ()) -> None:
        self._write = write
        self._keys = list(keys) or None
        self._ready: dict[str, _Compiled] = {}

    async def rows(self, connection: AsyncConnection, values: Values) -> list[Any]:
        """What it answers: named tuples."""
        ready = self._on(connection)
        if isinstance(connection, AtOnce):
            return ready.result(connection.driver.execute(ready.text, ready.line(values)))
        return list(await connection.execute(ready.compiled, values))

    async def run(self, connection: AsyncConnection, values: Values | Sequence[Values]) -> None:
        """Have it done, once or for each of several."""
        ready = self._on(connection)
        if not isinstance(connection, AtOnce):
            await connection.execute(ready.compiled, values)
        elif isinstance(values, Mapping):
            connection.driver.execute(ready.text, ready.line(values))
        else:
            connection.driver.executemany(ready.text, [ready.line(one) for one in values])

    def _on(self, connection: AsyncConnection) -> _Compiled:
        name = connection.dialect.name
        if name not in self._ready:
            self._ready[name] = _Compiled(self._write(connection), connection.dialect, self._keys)
        return self._ready[name]


class _Compiled:
    """A statement as one kind of database gets it, and what has to be done to values on their way in and out."""

    def __init__(self, statement: ClauseElement, dialect: Dialect, keys: list[str] | None) -> None:
        made: Any = statement.compile(dialect=dialect, column_keys=keys)
        self.compiled: Executable = made
        self.text: str = made.string
        self._statement: Any = statement
        self._made = made
        self._dialect = dialect

    def line(self, values: Values) -> tuple[Any, ...]:
        """The values in the statement's order, as the driver takes them."""
        pick, fixed, converts = self._parameters
        line = pick({**fixed, **values} if fixed else values)
        return _converted(line, converts) if converts else line

    def result(self, lines: Iterable[tuple[Any, ...]]) -> list[Any]:
        """The driver's rows as ours."""
        kind, converts = self._result
        return [kind._make(_converted(line, converts) if converts else line) for line in lines]

    @cached_property
    def _parameters(self) -> tuple[Callable[[Values], tuple[Any, ...]], Values, Converts]:
        """How the parameters are taken out of values, those that are always the same, and which are converted."""
        names = self._made.positiontup
        binds = [self._made.binds[name] for name in names]
        fixed = {name: bind.value for name, bind in zip(names, binds, strict=True) if not bind.required}
        converts = self._converts(bind.type.dialect_impl(self._dialect).bind_processor(self._dialect) for bind in binds)
        if len(names) > 1:
            return itemgetter(*names), fixed, converts
        return lambda values: tuple(values[name] for name in names), fixed, converts

    @cached_property
    def _result(self) -> tuple[Any, Converts]:
        columns = self._statement.exported_columns
        kinds = [column.type.dialect_impl(self._dialect) for column in columns]
        converts = self._converts(kind.result_processor(self._dialect, None) for kind in kinds)
        return namedtuple("Row", columns.keys(), rename=True), converts

    def _converts(self, processors: Iterable[Convert | None]) -> Converts:
        return [(place, convert) for place, convert in enumerate(processors) if convert is not None]


def _converted(line: tuple[Any, ...], converts: Converts) -> tuple[Any, ...]:
    """A line of values with some of them as the other side has them."""
    changed = list(line)
    for place, convert in converts:
        changed[place] = convert(changed[place])
    return tuple(changed)


_NOW = Prepared(lambda _: select(now_ms().label("now")))


async def now(connection: AsyncConnection) -> datetime:
    """The database's clock."""
    return as_moment((await _NOW.rows(connection, {}))[0].now)


def among_listed(connection: AsyncConnection, column: ColumnElement[Any], name: str = "listed") -> ColumnElement[bool]:
    """`column IN` the values that `listed` makes one parameter of, called `name`."""
    if is_postgres(connection):
        return column == func.any(cast(bindparam(name), postgresql.ARRAY(column.type)))
    values = func.json_each(bindparam(name, type_=Text)).table_valued("value")
    return column.in_(select(values.c.value))


def listed(connection: AsyncConnection, values: Collection[Any]) -> Any:
    """Many values as one parameter."""
    return list(values) if is_postgres(connection) else json.dumps(list(values))
