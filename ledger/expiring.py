"""Closes requests whose time to sign is over, for providers that do not say so themselves."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select

from connectors.signing.model import Frozen
from ledger.casefile import Casefile
from ledger.inbox import account_has_news
from ledger.prepared import now as database_now
from ledger.schema import requests
from ledger.sql import among, stands
from ledger.states import RequestState
from ledger.store import Ledger

PORTION = 500


class Overdue(Frozen):
    """An open request whose deadline has passed."""

    request_id: str
    provider: str
    account: str
    provider_id: str


async def overdue(
    ledger: Ledger, now: datetime, providers: Collection[str], resting: Collection[tuple[str, str]] = ()
) -> list[Overdue]:
    """Open requests at these providers whose deadline lies before `now`, the longest overdue first; none of the
    accounts in `resting` (provider and name)."""
    names = [requests.c.provider, requests.c.account, requests.c.provider_id]
    chosen = select(requests.c.id.label("request_id"), *names).where(
        *_overdue(now),
        requests.c.provider.in_(sorted(providers)),
        requests.c.provider_id.is_not(None),
        *(~and_(requests.c.provider == provider, requests.c.account == account) for provider, account in resting),
    )
    async with ledger.read() as connection:
        rows = (await connection.execute(chosen.order_by(requests.c.expires_at).limit(PORTION))).mappings()
        return [Overdue(**row) for row in rows]


async def expire_overdue(ledger: Ledger, now: datetime, *, but_at: Collection[str] = ()) -> list[str]:
    """Call open requests expired whose deadline lies before `now`; their ids. Those `but_at` some providers stay.

    The deadline is when the provider accepted, plus the hours the request asked for. Accounts with deliveries still
    to be applied are left for the next time: one of them may say *completed*.
    """
    elsewhere = [requests.c.provider.not_in(sorted(but_at))] if but_at else []
    overdue = (*_overdue(now), *elsewhere)
    expired: list[str] = []
    while True:
        async with ledger.begin() as connection:
            portion = select(requests.c.id).where(*overdue).order_by(requests.c.id).limit(PORTION)
            ids = list((await connection.execute(portion)).scalars())
            if not ids:
                return expired
            casefile = Casefile(connection, await database_now(connection))
            for case in await casefile.take_out(*overdue, among(connection, requests.c.id, ids)):
                case.expire(case.expires_at or now)
                expired.append(case.id)
            await casefile.put_back()


async def expire(ledger: Ledger, request_id: str, now: datetime) -> None:
    """Call this request expired, unless it has ended meanwhile: it is closed at the provider. A delivery that still
    waits may say *completed*, which beats it."""
    async with ledger.begin() as connection:
        casefile = Casefile(connection, await database_now(connection))
        for case in await casefile.take_out(_open(), requests.c.id == request_id):
            case.expire(case.expires_at or now)
        await casefile.put_back()


async def postpone(ledger: Ledger, request_id: str, until: datetime, problem: str) -> None:
    """Let an open request's deadline pass later, and say in its row why."""
    async with ledger.begin() as connection:
        casefile = Casefile(connection, await database_now(connection))
        for case in await casefile.take_out(_open(), requests.c.id == request_id):
            case.expires_at, case.problem = until, problem
            case.note("overdue", "deadline", casefile.at, reason=problem)
        await casefile.put_back()


def _overdue(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        _open(),
        requests.c.expires_at <= now,
        ~account_has_news(requests.c.provider, requests.c.account),
    )


def _open() -> ColumnElement[bool]:
    return stands(requests.c.state, RequestState.SENT, RequestState.IN_PROGRESS)
