"""Takes cases out of the ledger, locked, and puts them back with everything that follows from the news."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, bindparam, insert, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.signing.model import Event
from ledger import rounds
from ledger.cases import Case, Person
from ledger.drafts import Reminders
from ledger.prepared import Prepared, among_listed, listed
from ledger.schema import attempts, history, inbox, incidents, requests, signers
from ledger.sql import serialize, stands, upsert
from ledger.states import RequestState, SignerState
from ledger.wants import Want, notice, want

_KEPT = ("state", "provider_id", "problem", "document_url", "sent_at", "expires_at", "closed_at", "last_event",
         "last_event_at")  # fmt: skip
_READ = ("id", "batch_id", "attempts", "expires_in_hours", *_KEPT)
_KEPT_OF_PEOPLE = ("state", "provider_signer_id", "sign_url", "invited_at", "viewed_at", "signed_at", "declined_at",
                   "reminded", "next_reminder_at")  # fmt: skip
_READ_OF_PEOPLE = ("id", "position", "email", *_KEPT_OF_PEOPLE)
_kept, _kept_of_person = attrgetter(*_KEPT), attrgetter(*_KEPT_OF_PEOPLE)


class Casefile:
    """Some cases, held by one write transaction. `at` is the database's time when they were taken out."""

    def __init__(self, connection: AsyncConnection, at: datetime) -> None:
        self.connection = connection
        self.at = at
        self.cases: dict[str, Case] = {}
        self._before: dict[str, tuple[Any, ...]] = {}

    async def take_out(self, *conditions: ColumnElement[bool]) -> list[Case]:
        """Read and lock the requests that fulfil these conditions; those already taken out stay as they are."""
        return await self._take(list(await self.connection.execute(_requests(*conditions))))

    async def take_out_ids(self, request_ids: Collection[str]) -> list[Case]:
        """Read and lock these requests."""
        these = {"listed": listed(self.connection, request_ids)}
        return await self._take(await _REQUESTS.rows(self.connection, these))

    async def _take(self, found: Sequence[Any]) -> list[Case]:
        """Make cases of rows of `_requests`, whose first columns are `_READ`."""
        fresh = [row for row in found if row.id not in self.cases]
        people = await self._people([row.id for row in fresh]) if fresh else {}
        for row in fresh:
            case = Case(
                **dict(zip(_READ, row, strict=False)), reminders=_plan(row.reminders), people=people.get(row.id, [])
            )
            case.state = RequestState(case.state)
            self.cases[case.id] = case
            self._before[case.id] = _kept(case)
            self._before.update({person.id: _kept_of_person(person) for person in case.people})
        return [self.cases[row.id] for row in found]

    async def put_back(self) -> None:
        """Write what has changed, its history and its effects, and re-match events that came too early.

        Whoever records a provider id first finds the deliveries that waited for it, in the same transaction.
        """
        await self._rematch()
        await self._tell_later_rounds()
        await self._write()
        happenings = [
            {"request_id": case.id, **vars(happening)} for case in self.cases.values() for happening in case.happenings
        ]
        if happenings:
            await _HISTORY.run(self.connection, happenings)
        wanted = [one for case in self.cases.values() for one in case.wanted]
        await want(self.connection, [*wanted, *await self._keep_incidents()], self.at)

    async def _people(self, request_ids: Collection[str]) -> dict[str, list[Person]]:
        these = {"listed": listed(self.connection, request_ids)}
        people: dict[str, list[Person]] = {}
        for row in await _PEOPLE.rows(self.connection, these):
            person = Person(**dict(zip(_READ_OF_PEOPLE, row, strict=False)), order=row.turn)
            person.state = SignerState(person.state)
            people.setdefault(row.request_id, []).append(person)
        return people

    def _newly_accepted(self) -> dict[str, Case]:
        """By the provider id that was not known before."""
        known_before = _KEPT.index("provider_id")
        return {
            case.provider_id: case
            for case in self.cases.values()
            if case.provider_id is not None and self._before[case.id][known_before] is None
        }

    async def _rematch(self) -> None:
        accepted = self._newly_accepted()
        if not accepted:
            return
        await serialize(self.connection, *(f"provider id {one}" for one in accepted))
        these = {
            "ids": listed(self.connection, accepted),
            "ours": listed(self.connection, [case.id for case in accepted.values()]),
        }
        matched = []
        for row in await _EARLY.rows(self.connection, these):
            if accepted[row.provider_id].id == row.request:
                event = Event.model_validate_json(row.event)
                accepted[row.provider_id].report(event, when(event, row.received_at), row.id)
                matched.append({"delivery": row.id, "request": row.request})
        if matched:
            done = update(inbox).where(inbox.c.id == bindparam("delivery"))
            values: dict[str, Any] = {"state": "done", "request_id": bindparam("request"), "event": None}
            await self.connection.execute(done.values(values), matched)

    async def _tell_later_rounds(self) -> None:
        came_out = [case.id for case in self.cases.values() if rounds.came_out(case, *self._before[case.id][:2])]
        if came_out:
            later = await rounds.later_rounds(self.connection, came_out)
            for case in await self.take_out_ids(sorted(later)):
                rounds.tell(case, self.cases[later[case.id]], self.at)

    async def answer_attempts(self) -> None:
        """Where nobody has answered for the last attempt, what the provider shows is its answer: it got through."""
        open_ones = [
            {"request": case.id, "number_": case.attempts, "accepted": case.provider_id, "at": self.at}
            for case in self._newly_accepted().values()
        ]
        if open_ones:
            unanswered = attempts.c.outcome.is_(None) | (attempts.c.outcome == "uncertain")
            last = (attempts.c.request_id == bindparam("request")) & (attempts.c.number == bindparam("number_"))
            values: dict[str, Any] = {
                "outcome": "sent",
                "outcome_at": bindparam("at"),
                "provider_id": bindparam("accepted"),
            }
            await self.connection.execute(update(attempts).where(last, unanswered).values(values), open_ones)

    async def _write(self) -> None:
        cases = self.cases.values()
        cases_now = [(case.id, _kept(case)) for case in cases]
        people_now = [(person.id, _kept_of_person(person)) for case in cases for person in case.people]
        await self._change(_CHANGE, _KEPT, cases_now)
        await self._change(_CHANGE_PEOPLE, _KEPT_OF_PEOPLE, people_now)

    async def _change(self, change: Prepared, names: Sequence[str], now: Iterable[tuple[str, tuple[Any, ...]]]) -> None:
        changed = [
            {**dict(zip(names, values, strict=True)), "which": which}
            for which, values in now
            if values != self._before[which]
        ]
        if changed:
            await change.run(self.connection, changed)

    async def _keep_incidents(self) -> list[Want]:
        """The owner is told of each once, however often the second copy is heard of."""
        found = [
            {"request_id": case.id, "kind": "sent twice", "provider_id": other, "noticed_at": self.at}
            for case in self.cases.values()
            for other in case.incidents
        ]
        kept = upsert(self.connection, incidents).on_conflict_do_nothing().returning(incidents.c.request_id)
        fresh = [(await self.connection.execute(kept.values(one))).scalar_one_or_none() for one in found]
        return [notice(request_id, "twice") for request_id in fresh if request_id is not None]


def _requests(*conditions: ColumnElement[bool]) -> Select[Any]:
    columns = [requests.c[name] for name in (*_READ, "reminders")]
    # one order for everybody who locks several, so that two never wait for each other
    return select(*columns).where(*conditions).order_by(requests.c.id).with_for_update()


def _people(connection: AsyncConnection) -> Select[Any]:
    columns = [signers.c[name] for name in (*_READ_OF_PEOPLE, "request_id", "turn")]
    return select(*columns).where(among_listed(connection, signers.c.request_id)).order_by(signers.c.position)


def _early(connection: AsyncConnection) -> Select[Any]:
    """Deliveries that came before anybody knew the provider ids they name."""
    return (
        select(inbox.c.id, inbox.c.event, inbox.c.provider_id, inbox.c.received_at, requests.c.id.label("request"))
        .join(requests, (requests.c.provider == inbox.c.provider) & (requests.c.account == inbox.c.account))
        .where(
            stands(inbox.c.state, "unmatched"),
            among_listed(connection, inbox.c.provider_id, "ids"),
            among_listed(connection, requests.c.id, "ours"),
        )
        .order_by(inbox.c.id)
    )


def _change_of(table: Table, names: Sequence[str], more: dict[str, Any]) -> Prepared:
    values = {name: bindparam(name) for name in names} | more
    this = update(table).where(table.c.id == bindparam("which")).values(values)
    return Prepared(lambda _: this)


_REQUESTS = Prepared(lambda connection: _requests(among_listed(connection, requests.c.id)))
_PEOPLE = Prepared(_people)
_EARLY = Prepared(_early)
_HISTORY = Prepared(
    lambda _: insert(history).inline(), ("request_id", "what", "name", "at", "signer_id", "reason", "delivery_id")
)
_CHANGE = _change_of(requests, _KEPT, {"lease_until": null()})  # whatever moves a request ends its claim
_CHANGE_PEOPLE = _change_of(signers, _KEPT_OF_PEOPLE, {})


def when(event: Event, received_at: datetime) -> datetime:
    """When an event happened, as far as we know: never later than we heard of it."""
    return min(event.occurred_at, received_at) if event.occurred_at else received_at


@lru_cache(maxsize=64)
def _plan(written: str | None) -> Reminders | None:
    """When to remind; a batch has one plan for all its rows."""
    return Reminders.model_validate_json(written) if written else None
