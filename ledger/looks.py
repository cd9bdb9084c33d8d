"""Looks at a watched sheet: which rows were there, and whether they are as they were; kept as hashes alone."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, select

from ledger.schema import looks as table
from ledger.sql import among, upsert
from ledger.store import Ledger

MANY = 500
"""Rows in one statement; both databases bound the number of parameters."""


async def take_look(ledger: Ledger, watch: str, seen: Mapping[str, str]) -> dict[str, str]:
    """Keep what is seen now, by row, in place of the look before, which is returned; in one transaction.

    A row that is not seen any more is forgotten: should it come back, it is new. A sheet without any row is no look.
    """
    async with ledger.begin() as connection:
        kept = select(table.c.row_key, table.c.seen).where(table.c.watch == watch)
        before = {row.row_key: row.seen for row in await connection.execute(kept)}
        if gone := before.keys() - seen.keys():
            of_them = among(connection, table.c.row_key, sorted(gone))
            await connection.execute(delete(table).where(table.c.watch == watch, of_them))
        fresh = [(key, what) for key, what in sorted(seen.items()) if before.get(key) != what]
        for start in range(0, len(fresh), MANY):
            some = [{"watch": watch, "row_key": key, "seen": what} for key, what in fresh[start : start + MANY]]
            anew = upsert(connection, table).values(some)
            change = {"seen": anew.excluded.seen}
            await connection.execute(
                anew.on_conflict_do_update(index_elements=[table.c.watch, table.c.row_key], set_=change)
            )
    return before
