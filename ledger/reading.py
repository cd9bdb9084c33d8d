"""Tells people where their rows stand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import func, null, select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.signing.model import Frozen
from ledger.batches import newest_round
from ledger.schema import batches, history, incidents, other_rows, requests
from ledger.sql import among, as_moment, unindexed
from ledger.standing import PORTION, Standing, standings
from ledger.store import Ledger

REFUSED = "refused"


class RowStatus(Frozen):
    """One row of a batch's sheet; its fields are `Standing`'s."""

    request_id: str | None
    row: int
    key: str | None
    state: str
    waiting_for: str = ""
    sent_at: datetime | None = None
    last_event: str | None = None
    last_event_at: datetime | None = None
    next_reminder_at: datetime | None = None
    problem: str | None = None
    document: str | None = None
    esign_id: str | None = None


class _Place(NamedTuple):
    """A row of a sheet, and the request in it, or why there is none."""

    row: int
    key: str | None
    request_id: str | None
    problem: str | None


_ROW = attrgetter("row")


class Line(Frozen):
    """One line of a request's history."""

    at: datetime
    what: str
    name: str
    signer_id: str | None
    reason: str | None


class Incident(Frozen):
    """Something that must not happen did: `sent twice` under a further `provider_id`. For a person."""

    id: int
    request_id: str
    kind: str
    provider_id: str
    noticed_at: datetime


async def rows(ledger: Ledger, batch_id: str) -> list[RowStatus]:
    """All rows of a batch's sheet in the sheet's order: its requests, refused rows, and rows another batch has."""
    async with ledger.read() as connection:
        places = sorted(await _places(connection, batch_id), key=_ROW)
        return [_row_status(one) async for portion in _portions(ledger, connection, places) for one in portion]


async def sheet_rows(ledger: Ledger, sheet: str) -> list[RowStatus]:
    """All rows that batches of this sheet (its absolute path) know of; for each key, the batch frozen last wins.

    Refused rows are those of the batch frozen last.
    """
    return [_row_status(one) async for portion in sheet_portions(ledger, sheet) for one in portion]


async def sheet_portions(
    ledger: Ledger, sheet: str, only: Collection[str] | None = None
) -> AsyncIterator[list[Standing]]:
    """The same, or only these requests of them, a thousand at a time: whoever shows a long sheet keeps less of it."""
    newest = (
        select(batches.c.id).where(batches.c.sheet == sheet).order_by(batches.c.frozen_at.desc(), batches.c.id.desc())
    )
    async with ledger.read() as connection:
        ids = list((await connection.execute(newest)).scalars())
        if len(ids) == 1:
            places = await _places(connection, ids[0], only, keys=False)
        else:
            places = [place for place in await _winners(connection, ids) if only is None or place.request_id in only]
        async for portion in _portions(ledger, connection, sorted(places, key=_ROW)):
            yield portion


async def told(ledger: Ledger, request_id: str) -> list[Line]:
    """A request's history, as it was heard of."""
    columns = [history.c[name] for name in Line.model_fields]
    chosen = select(*columns).where(history.c.request_id == request_id).order_by(history.c.id)
    async with ledger.read() as connection:
        return [Line(**row) for row in (await connection.execute(chosen)).mappings()]


async def all_incidents(ledger: Ledger, most: int | None = None) -> list[Incident]:
    """The incidents, oldest first, all unless `most` says how many."""
    async with ledger.read() as connection:
        found = (await connection.execute(select(incidents).order_by(incidents.c.id).limit(most))).mappings()
        return [Incident(**row) for row in found]


async def _places(
    connection: AsyncConnection, batch_id: str, only: Collection[str] | None = None, *, keys: bool = True
) -> list[_Place]:
    """The rows of a batch's sheet: its own requests, refused rows, and rows whose request belongs to another batch.

    Without `keys`, those of its own requests are left out, which a hundred thousand times is worth it.
    """
    key = requests.c.key if keys else null()
    own = select(requests.c.row, key, requests.c.id, null()).where(newest_round())
    others = (
        select(other_rows.c.row, func.coalesce(requests.c.key, other_rows.c.key), other_rows.c.request_id,
               other_rows.c.problem)
        .outerjoin(requests, requests.c.id == other_rows.c.request_id)
        .where(other_rows.c.batch_id == batch_id)
    )  # fmt: skip
    if only is None:
        own = own.where(requests.c.batch_id == batch_id)
    else:
        own = own.where(unindexed(requests.c.batch_id) == batch_id, among(connection, requests.c.id, only))
        others = others.where(among(connection, other_rows.c.request_id, only))
    found: list[_Place] = []
    for chosen in (own, others):
        async for portion in (await connection.stream(chosen)).partitions(PORTION):
            found += [_Place(*place) for place in portion]
    return found


async def _winners(connection: AsyncConnection, batch_ids: Sequence[str]) -> list[_Place]:
    """The rows of a sheet that several batches know, those frozen last first."""
    found: list[_Place] = []
    seen: set[str | None] = set()
    for number, batch_id in enumerate(batch_ids):
        places = await _places(connection, batch_id)
        found += [one for one in places if (one.key not in seen if one.request_id else number == 0)]
        seen |= {one.key for one in places if one.request_id}
    return found


async def _portions(ledger: Ledger, connection: AsyncConnection, places: list[_Place]) -> AsyncIterator[list[Standing]]:
    places.reverse()
    while places:
        portion = [places.pop() for _ in range(min(PORTION, len(places)))]  # what has been shown is not kept
        known = await standings(ledger, connection, [one.request_id for one in portion if one.request_id])
        yield [_standing(place, known) for place in portion]


def _standing(place: _Place, known: Mapping[str, Standing]) -> Standing:
    if place.request_id is None:
        return Standing(None, place.row, place.key, REFUSED, problem=place.problem)
    there = known[place.request_id]
    return there if there.row == place.row else there._replace(row=place.row)


def _row_status(standing: Standing) -> RowStatus:
    values = standing._asdict()
    for name in ("sent_at", "last_event_at", "next_reminder_at"):
        if values[name] is not None:
            values[name] = as_moment(values[name])
    return RowStatus.model_construct(**values)


async def by_id(ledger: Ledger, connection: AsyncConnection, ids: Collection[str]) -> dict[str, RowStatus]:
    """These requests by their ids, in the caller's transaction."""
    found = await standings(ledger, connection, sorted(ids))
    return {request_id: _row_status(standing) for request_id, standing in found.items()}
