"""Tells people where their rows stand."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.signing.model import Frozen
from ledger.batches import newest_round
from ledger.cases import Case, Person
from ledger.ids import esign_id
from ledger.schema import batches, history, incidents, other_rows, requests, signers
from ledger.sql import among
from ledger.states import RequestState, SignerState
from ledger.store import Ledger

REFUSED = "refused"
TWICE = "The provider holds this request twice; withdraw one of them there."


class RowStatus(Frozen):
    """One row of a sheet. `state` is a request's state, or `refused` for a row that was never planned.

    `waiting_for` names who has to sign now; `document` is the archived file.
    """

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
        found = await _requests(ledger, connection, requests.c.batch_id == batch_id, newest_round())
        found += await _others(ledger, connection, batch_id)
    return sorted(found, key=lambda one: one.row)


async def sheet_rows(ledger: Ledger, sheet: str) -> list[RowStatus]:
    """All rows that batches of this sheet (its absolute path) know of; for each key, the batch frozen last wins.

    Refused rows are those of the batch frozen last.
    """
    newest = (
        select(batches.c.id).where(batches.c.sheet == sheet).order_by(batches.c.frozen_at.desc(), batches.c.id.desc())
    )
    async with ledger.read() as connection:
        ids = list((await connection.execute(newest)).scalars())
        found: list[RowStatus] = []
        seen: set[str | None] = set()
        for place, batch_id in enumerate(ids):
            more = await _requests(ledger, connection, requests.c.batch_id == batch_id, newest_round())
            more += await _others(ledger, connection, batch_id)
            found += [one for one in more if (one.key not in seen if one.request_id else place == 0)]
            seen |= {one.key for one in more if one.request_id}
    return sorted(found, key=lambda one: one.row)


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


async def _requests(ledger: Ledger, connection: AsyncConnection, *conditions: ColumnElement[bool]) -> list[RowStatus]:
    names = (
        "id",
        "batch_id",
        "row",
        "key",
        "state",
        "sent_at",
        "last_event",
        "last_event_at",
        "problem",
        "archived_as",
    )
    chosen = select(*(requests.c[name] for name in names)).where(*conditions)
    found = (await connection.execute(chosen)).mappings().all()
    people, names_of = await _people(connection, *conditions)
    twice = set((await connection.execute(_twice(*conditions))).scalars())
    return [
        RowStatus(
            request_id=row["id"],
            esign_id=esign_id(ledger, row["id"]),
            document=row["archived_as"],
            problem=TWICE if row["id"] in twice else row["problem"],
            waiting_for=", ".join(names_of[person.id] for person in _asked(row["id"], row["state"], people)),
            next_reminder_at=min(
                (p.next_reminder_at for p in people.get(row["id"], ()) if p.next_reminder_at), default=None
            ),
            **{name: row[name] for name in ("row", "key", "state", "sent_at", "last_event", "last_event_at")},
        )
        for row in found
    ]


async def _people(
    connection: AsyncConnection, *conditions: ColumnElement[bool]
) -> tuple[dict[str, list[Person]], dict[str, str]]:
    columns = (signers.c.id, signers.c.request_id, signers.c.position, signers.c.turn, signers.c.name, signers.c.state,
               signers.c.next_reminder_at)  # fmt: skip
    chosen = select(*columns).join(requests, requests.c.id == signers.c.request_id).where(*conditions)
    people: dict[str, list[Person]] = {}
    names: dict[str, str] = {}
    for row in await connection.execute(chosen.order_by(signers.c.request_id, signers.c.position)):
        person = Person(
            row.id, row.position, row.turn, "", SignerState(row.state), next_reminder_at=row.next_reminder_at
        )
        people.setdefault(row.request_id, []).append(person)
        names[row.id] = row.name
    return people, names


def _asked(request_id: str, state: str, people: dict[str, list[Person]]) -> list[Person]:
    return Case(request_id, "", RequestState(state), people=people.get(request_id, [])).in_turn()


def _twice(*conditions: ColumnElement[bool]) -> Select[Any]:
    return select(incidents.c.request_id).join(requests, requests.c.id == incidents.c.request_id).where(*conditions)


async def _others(ledger: Ledger, connection: AsyncConnection, batch_id: str) -> list[RowStatus]:
    """Refused rows, and rows whose request belongs to another batch, under this sheet's row numbers."""
    chosen = select(other_rows).where(other_rows.c.batch_id == batch_id)
    others = (await connection.execute(chosen)).mappings().all()
    known = await by_id(ledger, connection, {row["request_id"] for row in others if row["request_id"]})
    return [
        known[row["request_id"]].model_copy(update={"row": row["row"]})
        if row["request_id"]
        else RowStatus(request_id=None, row=row["row"], key=row["key"], state=REFUSED, problem=row["problem"])
        for row in others
    ]


async def by_id(ledger: Ledger, connection: AsyncConnection, ids: Collection[str]) -> dict[str, RowStatus]:
    """These requests by their ids, in the caller's transaction."""
    if not ids:
        return {}
    found = await _requests(ledger, connection, among(connection, requests.c.id, sorted(ids)))
    return {one.request_id: one for one in found if one.request_id}
