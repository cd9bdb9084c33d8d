"""Works out where many requests stand at once, in plain tuples: long sheets are shown from them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, Table, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.cases import Case, Person
from ledger.ids import esign_id
from ledger.schema import incidents, requests, signers
from ledger.sql import among
from ledger.states import RequestState, SignerState
from ledger.store import Ledger

TWICE = "The provider holds this request twice; withdraw one of them there."
PORTION = 1000

_READ = ("id", "row", "key", "state", "sent_at", "last_event", "last_event_at", "problem", "archived_as")
_READ_OF_PEOPLE = ("request_id", "turn", "state", "name", "next_reminder_at")


class Standing(NamedTuple):
    """One row of a sheet. `state` is a request's state, or `refused` for a row that was never planned.

    `waiting_for` names who has to sign now; `document` is the archived file. Times are milliseconds since 1970.
    """

    request_id: str | None
    row: int
    key: str | None
    state: str
    waiting_for: str = ""
    sent_at: int | None = None
    last_event: str | None = None
    last_event_at: int | None = None
    next_reminder_at: int | None = None
    problem: str | None = None
    document: str | None = None
    esign_id: str | None = None


async def standings(ledger: Ledger, connection: AsyncConnection, ids: Sequence[str]) -> dict[str, Standing]:
    """These requests by their ids, in the caller's transaction."""
    known: dict[str, Standing] = {}
    for start in range(0, len(ids), PORTION):
        these = ids[start : start + PORTION]
        people: dict[str, list[Any]] = {}
        for person in await _read(connection, signers, _READ_OF_PEOPLE, these, "request_id", signers.c.position):
            people.setdefault(person[0], []).append(person)
        twice = {incident[0] for incident in await _read(connection, incidents, ("request_id",), these, "request_id")}
        for row in await _read(connection, requests, _READ, these, "id"):
            known[row[0]] = _standing(ledger, row, people.get(row[0], ()), row[0] in twice)
    return known


async def _read(
    connection: AsyncConnection, table: Table, names: Sequence[str], ids: Sequence[str], by: str, *order: Column[Any]
) -> Sequence[Any]:
    """The lines of these requests, times as the numbers they are kept as."""
    columns = [type_coerce(table.c[name], BigInteger) if name.endswith("_at") else table.c[name] for name in names]
    chosen = select(*columns).where(among(connection, table.c[by], ids))
    return (await connection.execute(chosen.order_by(*order))).all()


def _standing(ledger: Ledger, row: Sequence[Any], people: Sequence[Any], twice: bool) -> Standing:
    request_id, number, key, state, sent_at, last_event, last_event_at, problem, document = row
    asked = _asked(state, tuple((person[1], person[2]) for person in people))
    return Standing(
        request_id,
        number,
        key,
        state,
        ", ".join([people[place][3] for place in asked]),
        sent_at,
        last_event,
        last_event_at,
        min([person[4] for person in people if person[4] is not None], default=None),
        TWICE if twice else problem,
        document,
        esign_id(ledger, request_id),
    )


@lru_cache(maxsize=1000)
def _asked(state: str, people: tuple[tuple[int, str], ...]) -> tuple[int, ...]:
    """The places of those who have to sign now, by everybody's order and state: of those there are few kinds."""
    everybody = [
        Person(str(place), place, order, "", SignerState(standing)) for place, (order, standing) in enumerate(people)
    ]
    return tuple(person.position for person in Case("", "", RequestState(state), people=everybody).in_turn())
