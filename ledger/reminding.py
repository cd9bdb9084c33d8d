"""Says whom to remind, and marks each reminder before its call, so that it goes out at most once."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime

from pydantic import Field
from sqlalchemy import and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.signing.model import Frozen
from ledger.casefile import Casefile
from ledger.cases import Case, Person
from ledger.inbox import account_has_news
from ledger.prepared import now as database_now
from ledger.schema import reminders, requests, signers
from ledger.sql import stands, upsert
from ledger.states import RequestState, SignerState
from ledger.store import Ledger

NOT_SENT = "not sent"
_OPEN = (RequestState.SENT, RequestState.IN_PROGRESS)
ASKED = (SignerState.INVITED, SignerState.VIEWED)
"""Who is reminded: somebody whose invitation did not arrive needs another address first."""

Wanted = Callable[[AsyncConnection, Person, datetime], Awaitable[bool]]
"""Whether this person is to be reminded at this time; asked in the transaction that marks it, by its clock."""


class DueReminder(Frozen):
    """One reminder whose time has come. `signer_id` is ours, `provider_signer_id` theirs, `number` counts from 1.

    `as_of` is the time it was due at; the next one comes a whole interval later, however long nobody looked.
    """

    request_id: str
    signer_id: str
    provider: str
    account: str
    provider_id: str
    provider_signer_id: str | None
    number: int
    as_of: datetime


class Addressee(Frozen):
    """Whom a reminder of our own goes to, and what it is about."""

    name: str
    email: str
    title: str
    sign_url: str = Field(repr=False)


async def addressee(ledger: Ledger, due: DueReminder) -> Addressee | None:
    """Whom to write to; None where the provider gave no signing link."""
    chosen = (
        select(signers.c.name, signers.c.email, signers.c.sign_url, requests.c.content)
        .join(requests, requests.c.id == signers.c.request_id)
        .where(signers.c.id == due.signer_id, signers.c.sign_url.is_not(None))
    )
    async with ledger.read() as connection:
        row = (await connection.execute(chosen)).one_or_none()
    if row is None:
        return None
    return Addressee(name=row.name, email=row.email, sign_url=row.sign_url, title=json.loads(row.content)["title"])


async def due_reminders(
    ledger: Ledger, now: datetime, most: int, *, resting: Collection[tuple[str, str]] = ()
) -> list[DueReminder]:
    """Reminders due at `now`, the longest overdue first: open requests, and only signers whose turn it is.

    Accounts in `resting` (provider and name) are left out, so that one that cannot be used holds up no other. An
    account with deliveries still to be applied is left out, since they may say that somebody has signed.
    """
    chosen = (
        select(
            requests.c.id.label("request_id"),
            signers.c.id.label("signer_id"),
            requests.c.provider,
            requests.c.account,
            requests.c.provider_id,
            signers.c.provider_signer_id,
            (signers.c.reminded + 1).label("number"),
        )
        .join(requests, requests.c.id == signers.c.request_id)
        .where(
            signers.c.next_reminder_at <= now,
            signers.c.provider_signer_id.is_not(None) | signers.c.sign_url.is_not(None),
            stands(requests.c.state, *_OPEN),
            requests.c.provider_id.is_not(None),
            ~account_has_news(requests.c.provider, requests.c.account),
            *(~and_(requests.c.provider == provider, requests.c.account == account) for provider, account in resting),
        )
        .order_by(signers.c.next_reminder_at, signers.c.id)
        .limit(most)
    )
    async with ledger.read() as connection:
        return [DueReminder(as_of=now, **row) for row in (await connection.execute(chosen)).mappings()]


async def begin_reminder(ledger: Ledger, due: DueReminder) -> bool:
    """Mark it as going out, right before the call. False: somebody else did, or there is no need any more."""

    async def still_due(_: AsyncConnection, person: Person, at: datetime) -> bool:
        return person.next_reminder_at is not None and person.next_reminder_at <= due.as_of

    return await begin_if(ledger, due, still_due)


async def begin_if(ledger: Ledger, due: DueReminder, wanted: Wanted) -> bool:
    """Mark a reminder as going out if it is still this person's turn, nobody else has begun it, and it is `wanted`.

    News of the account that waits to be applied may say that they have signed: then not.
    """
    async with ledger.begin() as connection:
        casefile = Casefile(connection, await database_now(connection))
        quiet = ~account_has_news(requests.c.provider, requests.c.account)
        for case in await casefile.take_out(requests.c.id == due.request_id, quiet):
            person = next((one for one in case.in_turn() if one.id == due.signer_id and one.state in ASKED), None)
            if person is None or person.reminded + 1 != due.number:
                return False
            if not await wanted(connection, person, casefile.at):
                return False
            mark = upsert(connection, reminders).values(
                signer_id=person.id, number=due.number, request_id=case.id, begun_at=casefile.at
            )
            if (await connection.execute(mark.on_conflict_do_nothing())).rowcount == 0:
                return False
            _move_on(case, person, due)
            await casefile.put_back()
            return True
    return False


async def end_reminder(ledger: Ledger, due: DueReminder, outcome: str) -> None:
    """Write down how the call went. One that was not sent, or whose outcome is unknown, is not made up for."""
    async with ledger.begin() as connection:
        this = (reminders.c.signer_id == due.signer_id) & (reminders.c.number == due.number)
        await connection.execute(update(reminders).where(this).values(outcome=outcome))
        casefile = Casefile(connection, await database_now(connection))
        for case in await casefile.take_out(requests.c.id == due.request_id):
            if outcome != NOT_SENT and case.state.open:
                case.note("reminded", outcome, casefile.at)
            await casefile.put_back()


async def take_back_reminder(ledger: Ledger, due: DueReminder) -> None:
    """It certainly did not go out, for no fault of the signer's: it is due again, under the same number."""
    await take_back(ledger, due, due.as_of)


async def take_back(ledger: Ledger, due: DueReminder, next_at: datetime | None) -> None:
    """It certainly did not go out: as if nobody had begun it; the next one comes at `next_at`."""
    async with ledger.begin() as connection:
        this = (reminders.c.signer_id == due.signer_id) & (reminders.c.number == due.number)
        await connection.execute(delete(reminders).where(this))
        casefile = Casefile(connection, await database_now(connection))
        for case in await casefile.take_out(requests.c.id == due.request_id):
            for person in case.in_turn():
                if person.id == due.signer_id and person.reminded == due.number:
                    person.reminded, person.next_reminder_at = due.number - 1, next_at
            await casefile.put_back()


def _move_on(case: Case, person: Person, due: DueReminder) -> None:
    """Set the clock for the next one: the plan's time, but never sooner than one interval from now."""
    person.reminded, person.next_reminder_at = due.number, None
    scheduled = case.next_reminder(person)
    if scheduled is not None and case.reminders is not None:
        person.next_reminder_at = max(scheduled, due.as_of + case.reminders.every)
