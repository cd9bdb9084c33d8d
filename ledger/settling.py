"""Clears up attempts whose outcome is unclear; that something was not found proves nothing by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Exists, bindparam, exists, func, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.signing.model import Frozen, Lookup
from ledger.casefile import Casefile
from ledger.cases import Case
from ledger.prepared import now
from ledger.schema import attempts, batches, requests
from ledger.sql import Moment, among, as_moment, now_ms, stands
from ledger.states import RequestState
from ledger.store import Ledger

STOPPED = "The process that sent this row stopped before it heard the answer."
ACCEPTED = [state.value for state in RequestState if state not in ("planned", "sending", "uncertain")]
"""Every state in which a request can have a provider's id."""
SENDING, UNCERTAIN = RequestState.SENDING.value, RequestState.UNCERTAIN.value


class Unclear(Frozen):
    """One request that may have been sent. `age_seconds`: since the attempt ended or its lease did, at reading.

    `base_url` and `fingerprint` are its batch's: the account it was sent through, whatever has that name today.
    """

    request_id: str
    ref: str
    provider: str
    account: str
    base_url: str
    fingerprint: str
    attempt: int
    started_at: datetime
    age_seconds: float


class Settled(Frozen):
    """What a look-up settled: sent after all, certainly not sent and planned again, still unclear."""

    found: int
    absent: int
    left: int


async def expire_claims(ledger: Ledger) -> int:
    """Call rows uncertain whose claim has run out by the database's clock; how many. Nothing else may."""
    over = (stands(requests.c.state, SENDING), requests.c.lease_until <= now_ms())
    async with ledger.begin() as connection:
        ends = {
            row.id: (row.attempts, row.lease_until)
            for row in await connection.execute(
                select(requests.c.id, requests.c.attempts, requests.c.lease_until).where(*over)
            )
        }
        if not ends:
            return 0
        casefile = Casefile(connection, await now(connection))
        expired = await casefile.take_out(*over, among(connection, requests.c.id, list(ends)))
        for case in expired:
            case.end_unsent(RequestState.UNCERTAIN, STOPPED, casefile.at)
        await casefile.put_back()
        lines = [
            {"request": case.id, "number_": case.attempts, "at": as_moment(ends[case.id][1]), "how": UNCERTAIN}
            for case in expired
        ]
        await _answer(connection, lines)
        return len(expired)


async def live_claims(ledger: Ledger, batch_id: str) -> tuple[int, float]:
    """How many of the batch's rows somebody is sending right now, and seconds until the last claim runs out."""
    held = select(func.count(), func.max(requests.c.lease_until) - now_ms()).where(
        requests.c.batch_id == batch_id, stands(requests.c.state, SENDING), requests.c.lease_until > now_ms()
    )
    async with ledger.read() as connection:
        number, left = (await connection.execute(held)).one()
    return number, max(0.0, (left or 0) / 1000)


async def known_good(ledger: Ledger, provider: str, account: str, mode: str) -> bool:
    """Whether this account has accepted anything yet, so that a look-up can have its anchor."""
    async with ledger.read() as connection:
        return bool(
            (await connection.execute(select(_accepted(provider, account, batches.c.mode == mode)))).scalar_one()
        )


async def unclear(ledger: Ledger, provider: str, account: str, mode: str) -> list[Unclear]:
    """The uncertain requests of one account. Read them *before* the look-up starts, and settle none but these."""
    last = (attempts.c.request_id == requests.c.id) & (attempts.c.number == requests.c.attempts)
    ended = func.coalesce(
        type_coerce(attempts.c.outcome_at, BigInteger), type_coerce(attempts.c.started_at, BigInteger)
    )
    columns = (
        requests.c.id.label("request_id"),
        requests.c.ref,
        requests.c.provider,
        requests.c.account,
        batches.c.base_url,
        batches.c.fingerprint,
        attempts.c.number.label("attempt"),
        attempts.c.started_at,
        ((now_ms() - ended) / 1000.0).label("age_seconds"),
    )
    chosen = (
        select(*columns)
        .join(attempts, last)
        .join(batches, batches.c.id == requests.c.batch_id)
        .where(
            requests.c.provider == provider,
            requests.c.account == account,
            requests.c.mode == mode,
            stands(requests.c.state, UNCERTAIN),
        )
        .order_by(requests.c.id)
    )
    async with ledger.read() as connection:
        return [Unclear(**row) for row in (await connection.execute(chosen)).mappings()]


async def unclear_accounts(ledger: Ledger) -> dict[tuple[str, str], tuple[int, str]]:
    """How many requests of each account (provider and name) may have been sent, and the id of one of them."""
    counted = (
        select(requests.c.provider, requests.c.account, func.count(), func.min(requests.c.id))
        .where(stands(requests.c.state, UNCERTAIN))
        .group_by(requests.c.provider, requests.c.account)
    )
    async with ledger.read() as connection:
        return {(row[0], row[1]): (row[2], row[3]) for row in await connection.execute(counted)}


async def settle(ledger: Ledger, unclear: Sequence[Unclear], lookup: Lookup, settle_seconds: float) -> Settled:
    """Judge unclear requests by a look-up that began after they were read.

    A mark that was found is sent; found once more, it was sent twice. One that was not found is planned again only
    where that is conclusive: `settle_seconds` had passed since the attempt, and the look-up shows a request this
    account accepted *before* the attempt began, so its window reaches far enough back; or it shows everything and this
    account never accepted anything. Whatever moved on meanwhile is left alone.
    """
    if not unclear:
        return Settled(found=0, absent=0, left=0)
    async with ledger.begin() as connection:
        casefile = Casefile(connection, await now(connection))
        cases = {case.id: case for case in await casefile.take_out_ids([one.request_id for one in unclear])}
        reach = {
            account: await _reach(connection, *account, lookup)
            for account in sorted({(one.provider, one.account) for one in unclear})
        }
        found = absent = 0
        lines = []
        for one in unclear:
            case = cases[one.request_id]
            if one.ref in lookup.found:
                for snapshot in (lookup.found[one.ref], *lookup.also.get(one.ref, ())):
                    case.observe(snapshot, casefile.at)
                found += 1
            elif _still(case, one) and one.age_seconds >= settle_seconds and _reaches(reach, one):
                case.end_unsent(RequestState.PLANNED, None, casefile.at)
                lines.append({"request": case.id, "number_": one.attempt, "at": casefile.at, "how": "absent"})
                absent += 1
        await casefile.answer_attempts()
        await casefile.put_back()
        await _answer(connection, lines)
    return Settled(found=found, absent=absent, left=len(unclear) - found - absent)


async def resolve(ledger: Ledger, request_id: str, provider_id: str | None) -> bool:
    """A person's word on an uncertain request: sent under this id, or (None) not sent at all, so planned again.

    False if the request is not uncertain any more.
    """
    async with ledger.begin() as connection:
        casefile = Casefile(connection, await now(connection))
        for case in await casefile.take_out(requests.c.id == request_id, stands(requests.c.state, UNCERTAIN)):
            if provider_id is not None:
                case.accept(provider_id, casefile.at)
                await casefile.answer_attempts()
            else:
                case.end_unsent(RequestState.PLANNED, None, casefile.at)
            await casefile.put_back()
            return True
    return False


async def _reach(connection: AsyncConnection, provider: str, account: str, lookup: Lookup) -> datetime | None:
    """How far back the look-up's window reaches: when the oldest request it shows was known to be accepted."""
    oldest = (
        select(func.min(attempts.c.outcome_at, type_=Moment()))
        .join(requests, requests.c.id == attempts.c.request_id)
        .where(
            stands(attempts.c.outcome, "sent"),
            requests.c.provider == provider,
            requests.c.account == account,
            among(connection, attempts.c.provider_id, sorted(lookup.ids)),
        )
    )
    found: datetime | None = (await connection.execute(oldest)).scalar_one()
    if found is not None:
        return found
    nothing_yet = not (await connection.execute(select(_accepted(provider, account)))).scalar_one()
    return as_moment(0) if lookup.complete and nothing_yet else None


def _reaches(reach: Mapping[tuple[str, str], datetime | None], one: Unclear) -> bool:
    accepted_at = reach[one.provider, one.account]
    return accepted_at is not None and accepted_at < one.started_at


def _still(case: Case, one: Unclear) -> bool:
    return case.state is RequestState.UNCERTAIN and case.attempts == one.attempt


def _accepted(provider: str, account: str, *more: ColumnElement[bool]) -> Exists:
    """By way of its batches: what was never accepted is most often a new account beside one with a million requests."""
    mine = (batches.c.provider == provider, batches.c.account == account, *more)
    out = (requests.c.batch_id == batches.c.id, requests.c.state.in_(ACCEPTED), requests.c.provider_id.is_not(None))
    return exists().where(*mine, exists().where(*out))


async def _answer(connection: AsyncConnection, lines: Sequence[Mapping[str, Any]]) -> None:
    if lines:
        which = (attempts.c.request_id == bindparam("request")) & (attempts.c.number == bindparam("number_"))
        values: dict[str, Any] = {"outcome": bindparam("how"), "outcome_at": bindparam("at")}
        await connection.execute(update(attempts).where(which).values(values), list(lines))
