"""Writes what arrives into the inbox, a group in one commit, by few statements that are compiled once.

Each step SQLite takes lets go of the interpreter, and a busy receiver takes long to give it back: with a statement a
row a group waited for its turns and not for the disk. So rows are written 64, 8 and 1 at a time there, and what was
seen before is asked beforehand, since each row that RETURNING hands out is a step, too. Postgres gets one statement,
with a list for each column.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import JSON, Insert, Select, Text, and_, bindparam, cast, func, literal_column, not_, null, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ClauseElement

from ledger.prepared import Prepared, listed
from ledger.schema import inbox
from ledger.sql import is_postgres, now_ms, stands, upsert

NAME = ("provider", "account", "identity", "genuine")
"""What makes two deliveries the same."""
GIVEN = (*NAME, "body", "headers", "ref")
SIZES = (64, 8, 1)
PORTION = 1000

Values = Mapping[str, Any]
Name = tuple[Any, ...]


async def keep(connection: AsyncConnection, arrived: Sequence[Values]) -> set[Name]:
    """Write them down, each `NAME` at most once in `arrived`; answers with the `NAME`s of those that were new."""
    new: set[Name] = set()
    for start in range(0, len(arrived), PORTION):
        some = arrived[start : start + PORTION]
        new |= await (_on_postgres if is_postgres(connection) else _on_sqlite)(connection, some)
    return new


async def _on_postgres(connection: AsyncConnection, arrived: Sequence[Values]) -> set[Name]:
    columns: dict[str, list[Any]] = {name: [one[name] for one in arrived] for name in GIVEN}
    columns["headers"] = [json.dumps(headers) for headers in columns["headers"]]
    return {tuple(row) for row in await _COLUMNS.rows(connection, columns)}


async def _on_sqlite(connection: AsyncConnection, arrived: Sequence[Values]) -> set[Name]:
    asked = listed(connection, [[one[name] for name in NAME] for one in arrived])
    seen = {tuple(row) for row in await _SEEN.rows(connection, {"arrived": asked})}
    start = 0
    for size in SIZES:
        while start + size <= len(arrived):
            some = arrived[start : start + size]
            await _ROWS[size].run(
                connection, {f"{name}_{n}": one[name] for n, one in enumerate(some) for name in GIVEN}
            )
            start += size
    return {name for one in arrived if (name := tuple(one[part] for part in NAME)) not in seen}


def _seen() -> Select[Any]:
    """Those of a list of names that are there already, and stay as they are."""
    given = func.json_each(bindparam("arrived", type_=Text)).table_valued("value")
    same = [inbox.c[name] == func.json_extract(given.c.value, f"$[{place}]") for place, name in enumerate(NAME)]
    return select(*(inbox.c[name] for name in NAME)).select_from(given.join(inbox, true())).where(*same, not_(_REVIVED))


def _rows(size: int, connection: AsyncConnection) -> Insert:
    rows = [{name: bindparam(f"{name}_{n}", type_=inbox.c[name].type) for name in GIVEN} | _NEW for n in range(size)]
    return _once(upsert(connection, inbox).values(rows))


def _columns(connection: AsyncConnection) -> ClauseElement:
    lists = [
        bindparam(name, type_=postgresql.ARRAY(Text() if name == "headers" else inbox.c[name].type)) for name in GIVEN
    ]
    given = func.unnest(*lists).table_valued(*GIVEN).render_derived("arrived")
    rows = [cast(given.c[name], JSON) if name == "headers" else given.c[name] for name in GIVEN]
    insert = upsert(connection, inbox).from_select([*GIVEN, *_NEW], select(*rows, *_NEW.values()))
    return _once(insert).returning(*(inbox.c[name] for name in NAME))


def _once(insert: sqlite.Insert | postgresql.Insert) -> Insert:
    """A repeat changes nothing. But a hint that came to nothing may have been premature, or somebody else's: its repeat
    is looked at anew."""
    return insert.on_conflict_do_update(
        index_elements=[inbox.c[name] for name in NAME],
        set_={
            "state": literal_column("'waiting'"),
            "tries": literal_column("0"),
            "not_before": null(),
            "reason": null(),
        },
        where=_REVIVED,
    )


_NEW: dict[str, Any] = {"received_at": now_ms(), "state": literal_column("'waiting'"), "tries": literal_column("0")}
_REVIVED = and_(inbox.c.genuine.is_(False), stands(inbox.c.state, "dead"))
_SEEN = Prepared(lambda _: _seen())
_ROWS = {size: Prepared(partial(_rows, size)) for size in SIZES}
_COLUMNS = Prepared(_columns)
