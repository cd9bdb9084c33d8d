"""Reminders that somebody asks for now: whose turn it is, who was reminded lately, and a mark before each call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.signing.model import Frozen
from ledger import reminding
from ledger.cases import Case, Person
from ledger.prepared import now as database_now
from ledger.reminding import ASKED, NOT_SENT, DueReminder
from ledger.schema import reminders, requests, signers
from ledger.sql import Moment, among, stands
from ledger.states import RequestState, SignerState
from ledger.store import Ledger

PORTION = 500
LATELY = timedelta(days=1)


class Awaited(Frozen):
    """A signer whose turn it is. `lately`: reminded within the last day; `reachable`: invited, and not in vain."""

    due: DueReminder
    row: int
    lately: bool
    reachable: bool
    next_before: datetime | None


async def awaited(ledger: Ledger, *, batch_id: str | None = None, request_id: str | None = None,
                  after: str = "") -> list[Awaited]:  # fmt: skip
    """Everybody who has to sign now, of the next open requests by id (at most a portion); `after` is the last one seen.

    Either of one batch or of one request. An empty list is the end.
    """
    mine = requests.c.batch_id == batch_id if request_id is None else requests.c.id == request_id
    names = ("id", "row", "provider", "account", "provider_id", "state")
    chosen = select(*(requests.c[name] for name in names)).where(
        mine,
        stands(requests.c.state, RequestState.SENT, RequestState.IN_PROGRESS),
        requests.c.provider_id.is_not(None),
        requests.c.id > after,
    )
    async with ledger.read() as connection:
        at = await database_now(connection)
        rows = (await connection.execute(chosen.order_by(requests.c.id).limit(PORTION))).mappings().all()
        people = await _people(connection, [row["id"] for row in rows])
        everybody = [one.id for row in rows for one in people.get(row["id"], ())]
        last = await _last(connection, everybody)
    return [
        Awaited(
            due=DueReminder(
                request_id=row["id"],
                signer_id=one.id,
                provider=row["provider"],
                account=row["account"],
                provider_id=row["provider_id"],
                provider_signer_id=one.provider_signer_id,
                number=one.reminded + 1,
                as_of=at,
            ),
            row=row["row"],
            lately=_lately(last.get(one.id), at),
            reachable=one.state in ASKED and (one.provider_signer_id is not None or one.sign_url is not None),
            next_before=one.next_reminder_at,
        )
        for row in rows
        for one in Case(row["id"], "", RequestState(row["state"]), people=people.get(row["id"], [])).in_turn()
    ]


async def begin_now(ledger: Ledger, due: DueReminder) -> bool:
    """Mark it as going out, right before the call.

    False: they were reminded meanwhile, or there is no need any more, or news of the account waits to be applied, which
    may say that they have signed.
    """

    async def not_lately(connection: AsyncConnection, person: Person, at: datetime) -> bool:
        return not _lately((await _last(connection, [person.id])).get(person.id), at)

    return await reminding.begin_if(ledger, due, not_lately)


async def take_back_now(ledger: Ledger, due: DueReminder, next_before: datetime | None) -> None:
    """It certainly did not go out: as if nobody had asked for it."""
    await reminding.take_back(ledger, due, next_before)


def _lately(last: datetime | None, at: datetime) -> bool:
    return last is not None and last > at - LATELY


async def _last(connection: AsyncConnection, signer_ids: Sequence[str]) -> Mapping[str, datetime]:
    """When each was reminded last; what is known not to have gone out does not count."""
    went_out: ColumnElement[bool] = reminders.c.outcome.is_(None) | (reminders.c.outcome != NOT_SENT)
    newest = func.max(reminders.c.begun_at, type_=Moment()).label("at")
    chosen = select(reminders.c.signer_id, newest).where(among(connection, reminders.c.signer_id, signer_ids), went_out)
    return {row.signer_id: row.at for row in await connection.execute(chosen.group_by(reminders.c.signer_id))}


async def _people(connection: AsyncConnection, request_ids: Sequence[str]) -> dict[str, list[Person]]:
    names = ("id", "request_id", "position", "turn", "state", "provider_signer_id", "sign_url", "reminded",
             "next_reminder_at")  # fmt: skip
    chosen = select(*(signers.c[name] for name in names)).where(among(connection, signers.c.request_id, request_ids))
    people: dict[str, list[Person]] = {}
    for row in (await connection.execute(chosen.order_by(signers.c.position))).mappings():
        known = {name: row[name] for name in ("provider_signer_id", "sign_url", "reminded", "next_reminder_at")}
        person = Person(row["id"], row["position"], row["turn"], "", SignerState(row["state"]), **known)
        people.setdefault(row["request_id"], []).append(person)
    return people
