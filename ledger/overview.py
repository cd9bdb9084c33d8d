"""A batch at a glance, however large: how many rows stand where, and the rows that need a person."""

from __future__ import annotations

import heapq
from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import CompoundSelect, Row, func, null, select, text, union, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.signing.model import Frozen
from ledger.batches import Counts, counts, newest_round
from ledger.reading import REFUSED, RowStatus, by_id, rows
from ledger.schema import NEEDS_A_PERSON, incidents, other_rows, requests
from ledger.store import Ledger

PORTION = 1000


class Overview(Frozen):
    """`rows` is the whole batch if it is small (`whole`), else the first rows that need a person, of so many (`need`).

    A person is needed where something was refused, failed, is unclear, was declined or ran out, and where a row has a
    problem or an incident.
    """

    counts: Counts
    rows: list[RowStatus]
    need: int
    whole: bool


async def overview(ledger: Ledger, batch_id: str, most: int) -> Overview:
    """A batch in at most so many rows, in the sheet's order."""
    numbers = await counts(ledger, batch_id)
    if sum(numbers.values()) <= most:
        found = await rows(ledger, batch_id)
        return Overview(counts=numbers, rows=found, need=len(found), whole=True)
    async with ledger.read() as connection:
        need = (await connection.execute(select(func.count()).select_from(_needing(batch_id).subquery()))).scalar_one()
        shown = await _first(ledger, connection, batch_id, most)
    return Overview(counts=numbers, rows=shown, need=need + numbers[REFUSED], whole=False)


async def every_row(ledger: Ledger, batch_id: str, state: str | None = None) -> AsyncIterator[RowStatus]:
    """All rows of a batch's sheet in the sheet's order, or those of one state, a thousand at a time in memory."""
    mine = [requests.c.batch_id == batch_id, newest_round()]
    if state is not None:
        mine.append(requests.c.state == state)
    own = select(requests.c.row, requests.c.id, null().label("key"), null().label("problem")).where(*mine)
    columns = (other_rows.c[name] for name in ("row", "request_id", "key", "problem"))
    listed = union_all(own, select(*columns).where(other_rows.c.batch_id == batch_id)).subquery()
    async with ledger.read() as streaming, ledger.read() as asking:
        found = await streaming.stream(select(listed).order_by(listed.c.row))
        async for portion in found.partitions(PORTION):
            known = await by_id(ledger, asking, {line.id for line in portion if line.id})
            for line in portion:
                status = known[line.id].model_copy(update={"row": line.row}) if line.id else _refused(line)
                if state is None or status.state == state:
                    yield status


async def _first(ledger: Ledger, connection: AsyncConnection, batch_id: str, most: int) -> list[RowStatus]:
    needing = _needing(batch_id).subquery()
    own = select(needing.c.id).order_by(needing.c.row).limit(most)
    known = await by_id(ledger, connection, list((await connection.execute(own)).scalars()))
    refused = (
        select(other_rows)
        .where(other_rows.c.batch_id == batch_id, other_rows.c.request_id.is_(None))
        .order_by(other_rows.c.row)
        .limit(most)
    )
    others = [_refused(line) for line in await connection.execute(refused)]
    return heapq.nsmallest(most, [*known.values(), *others], key=lambda one: one.row)


def _needing(batch_id: str) -> CompoundSelect[Any]:
    """Two questions put together, since with an OR neither would find its index."""
    mine = [requests.c.batch_id == batch_id, newest_round()]
    troubled = select(requests.c.id, requests.c.row).where(*mine, text(f"({NEEDS_A_PERSON})"))
    # One request after the other: joined, Postgres reads all there are beside the few incidents, and SQLite the batch.
    its_row = select(requests.c.row).where(requests.c.id == incidents.c.request_id, *mine).scalar_subquery()
    twice = select(incidents.c.request_id.label("id"), its_row.label("row")).subquery()
    return union(troubled, select(twice.c.id, twice.c.row).where(twice.c.row.is_not(None)))


def _refused(line: Row[Any]) -> RowStatus:
    return RowStatus(request_id=None, row=line.row, key=line.key, state=REFUSED, problem=line.problem)
