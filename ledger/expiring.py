"""Closes requests whose time to sign is over, for providers that do not say so themselves."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from ledger.casefile import Casefile
from ledger.inbox import account_has_news
from ledger.schema import requests
from ledger.sql import among, stands
from ledger.sql import now as database_now
from ledger.states import RequestState
from ledger.store import Ledger

PORTION = 500


async def expire_overdue(ledger: Ledger, now: datetime) -> list[str]:
    """Call open requests expired whose deadline lies before `now`; their ids.

    The deadline is when the provider accepted, plus the hours the request asked for. Accounts with deliveries still
    to be applied are left for the next time: one of them may say *completed*.
    """
    overdue = (
        stands(requests.c.state, RequestState.SENT, RequestState.IN_PROGRESS),
        requests.c.expires_at <= now,
        ~account_has_news(requests.c.provider, requests.c.account),
    )
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
