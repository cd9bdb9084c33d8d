"""Statements that are built and compiled once for each kind of database, for what happens with every row.

SQLAlchemy keeps compiled statements by itself, but finds them by a key made of the whole statement each time, and
keeps none that has an ON CONFLICT. For a dozen statements a commit that was more work than the databases had.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Executable, Text, bindparam, cast, func, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ClauseElement

from ledger.sql import is_postgres


class Prepared:
    """One statement; `write` builds it for a connection's kind of database, `keys` are an INSERT's columns."""

    def __init__(self, write: Callable[[AsyncConnection], ClauseElement], keys: Sequence[str] = ()) -> None:
        self._write = write
        self._keys = list(keys) or None
        self._compiled: dict[str, Any] = {}

    def on(self, connection: AsyncConnection) -> Executable:
        """The statement, compiled, for `connection.execute`."""
        name = connection.dialect.name
        if name not in self._compiled:
            statement = self._write(connection)
            self._compiled[name] = statement.compile(dialect=connection.dialect, column_keys=self._keys)
        made: Executable = self._compiled[name]
        return made


def among_listed(connection: AsyncConnection, column: ColumnElement[Any], name: str = "listed") -> ColumnElement[bool]:
    """`column IN` the values that `listed` makes one parameter of, called `name`."""
    if is_postgres(connection):
        return column == func.any(cast(bindparam(name), postgresql.ARRAY(column.type)))
    values = func.json_each(bindparam(name, type_=Text)).table_valued("value")
    return column.in_(select(values.c.value))


def listed(connection: AsyncConnection, values: Collection[Any]) -> Any:
    """Many values as one parameter."""
    return list(values) if is_postgres(connection) else json.dumps(list(values))
