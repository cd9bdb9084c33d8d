"""Claims rows for sending, and records how the attempts ended."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Integer,
    Text,
    bindparam,
    cast,
    exists,
    literal_column,
    null,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ClauseElement

from connectors.signing.model import Document, Frozen, SignatureRequest, Snapshot
from ledger import turns
from ledger.batches import Counts, counts, finish, pause, reopen
from ledger.casefile import Casefile
from ledger.cases import Case
from ledger.outcomes import NothingHappened, Outcome, Refused, Sent, Uncertain
from ledger.prepared import Prepared, among_listed, listed, now
from ledger.schema import attempts, batches, requests
from ledger.sql import among, is_postgres, now_ms, stands, upsert
from ledger.states import RequestState
from ledger.store import Ledger
from ledger.texts import Texts

__all__ = [
    "Claimed", "Counts", "NothingHappened", "Outcome", "Refused", "Sent", "Turnover", "Uncertain", "Wish", "claim",
    "coming", "counts", "finish", "may_call", "pause", "record", "record_nothing_happened", "record_refused",
    "record_sent", "record_uncertain", "reopen", "turn_over",
]  # fmt: skip


class Claimed(Frozen):
    """One row to be sent now, by the claimer and nobody else; `request` carries its `ref`.

    `turn_in`: seconds from the claim's end until the account's rate lets its call begin.
    """

    request_id: str
    ref: str
    attempt: int
    row: int
    request: SignatureRequest
    turn_in: float = 0.0


@dataclass(frozen=True)
class Wish:
    """Up to `most` planned rows of an open batch, in the sheet's order, each for `lease_seconds`.

    The lease must outlast the wait for a turn and the call: when it is over, the row counts as uncertain. `only_rows`
    are row numbers of the sheet; a `range` of them (of step 1) costs nothing, a list is carried with every claim.
    With a `rate` (calls a second) no more rows are taken than have their turn within `ahead_seconds`. `hold_seconds`:
    the provider has asked to be left alone for so long.
    """

    batch_id: str
    owner: str
    most: int
    lease_seconds: float
    only_rows: Collection[int] | None = None
    provider: str = ""
    account: str = ""
    rate: float | None = None
    ahead_seconds: float = 0.0
    hold_seconds: float = 0.0


class Turnover(NamedTuple):
    """What was claimed. `next_in`: seconds until there is a turn for more; `none_left`: no planned row may be taken."""

    rows: list[Claimed]
    next_in: float = 0.0
    none_left: bool = False


async def claim(
    ledger: Ledger,
    batch_id: str,
    owner: str,
    most: int,
    lease_seconds: float,
    only_rows: Collection[int] | None = None,
) -> list[Claimed]:
    """Take up to `most` planned rows of an open batch, as `Wish` says; they are `sending` from here on.

    One statement decides whose they are, and the intents are on disk before this returns.
    """
    return (await turn_over(ledger, (), Wish(batch_id, owner, most, lease_seconds, only_rows))).rows


async def turn_over(
    ledger: Ledger, outcomes: Sequence[Outcome], wish: Wish | None, texts: Texts | None = None
) -> Turnover:
    """Write down how attempts ended and claim the rows that come next, all in one commit.

    So what is in doubt after a crash is never more than what a sender may hold at once. `texts` keeps documents at
    hand between calls. What `record` and `Wish` say holds here.
    """
    if not outcomes and (wish is None or (wish.most <= 0 and not wish.hold_seconds)):
        return Turnover([])

    async def work(connection: AsyncConnection) -> Turnover:
        await _record(connection, outcomes)
        return await _claim(connection, wish, Texts() if texts is None else texts) if wish else Turnover([])

    return await ledger.write(work)


async def coming(
    ledger: Ledger, batch_id: str, most: int, only_rows: Collection[int] | None = None, texts: Texts | None = None
) -> list[SignatureRequest]:
    """The planned rows that would be claimed next, for who wants to prepare something; nobody has them by that."""
    async with ledger.read() as connection:
        planned = [requests.c.batch_id == batch_id, stands(requests.c.state, RequestState.PLANNED)]
        if isinstance(only_rows, range):
            planned += [requests.c.row >= only_rows.start, requests.c.row < only_rows.stop]
        elif only_rows is not None:
            planned.append(among(connection, requests.c.row, only_rows))
        columns = (requests.c.ref, requests.c.content, requests.c.document_sha256)
        chosen = select(*columns).where(*planned).order_by(requests.c.row).limit(most)
        rows = (await connection.execute(chosen)).all()
        documents = await (Texts() if texts is None else texts).fetch(connection, {row.document_sha256 for row in rows})
    return [_request(row.content, documents[row.document_sha256], row.ref) for row in rows]


async def _claim(connection: AsyncConnection, wish: Wish, texts: Texts) -> Turnover:
    if wish.hold_seconds > 0:
        await turns.hold(connection, wish.provider, wish.account, wish.hold_seconds)
    if wish.most <= 0:
        return Turnover([])
    if wish.rate is None:
        free = None
        most = wish.most
    else:
        free = await turns.look(connection, wish.provider, wish.account, wish.rate, wish.ahead_seconds)
        looked = time.monotonic()
        most = min(wish.most, free.number)
        if most == 0:
            return Turnover([], next_in=free.first_in - wish.ahead_seconds / 2)
    taken = await _take(connection, wish, most)
    if not taken:
        return Turnover([], none_left=True)
    if free is not None:
        await turns.take(connection, wish.provider, wish.account, free, len(taken))
        free = free.after(time.monotonic() - looked)
    rows = await _hold(connection, wish, taken, free, texts)
    return Turnover(rows, next_in=free.begins_in(len(taken)) - wish.ahead_seconds / 2 if free else 0.0)


async def may_call(ledger: Ledger, request_id: str, attempt: int, lease_seconds: float) -> bool:
    """Ask right before every call: whether the claim still stands, and prolong it if so.

    False means that the lease ran out while the process slept, or that a webhook was faster: leave the row alone.
    """
    async with ledger.begin() as connection:
        standing = (
            update(requests)
            .where(
                requests.c.id == request_id,
                requests.c.state == RequestState.SENDING.value,
                requests.c.attempts == attempt,
                requests.c.lease_until > now_ms(),
            )
            .values(lease_until=now_ms() + _milliseconds(lease_seconds))
        )
        return (await connection.execute(standing)).rowcount == 1


async def record(ledger: Ledger, outcomes: Sequence[Outcome]) -> None:
    """Write down how attempts ended, all in one commit; repeating it changes nothing.

    A provider id is recorded however late it comes, and a second one for the same request becomes an incident. The
    other outcomes count only for the attempt that holds the claim.
    """
    await turn_over(ledger, outcomes, None)


async def _record(connection: AsyncConnection, outcomes: Sequence[Outcome]) -> None:
    if not outcomes:
        return
    casefile = Casefile(connection, await now(connection))
    await casefile.take_out_ids({outcome.request_id for outcome in outcomes})
    written = [
        line
        for outcome in outcomes
        if (case := casefile.cases.get(outcome.request_id)) and (line := _end(case, outcome, casefile))
    ]
    await casefile.put_back()
    await _end_attempts(connection, written)
    await _put_off(connection, [one for one in outcomes if isinstance(one, NothingHappened)])


async def record_sent(ledger: Ledger, request_id: str, attempt: int, snapshot: Snapshot) -> None:
    """The provider has it: its id and its signers' ids are known, and events that came too early are applied."""
    await record(ledger, [Sent(request_id=request_id, attempt=attempt, snapshot=snapshot)])


async def record_refused(ledger: Ledger, request_id: str, attempt: int, problem: str) -> None:
    """The provider said no: failed."""
    await record(ledger, [Refused(request_id=request_id, attempt=attempt, problem=problem)])


async def record_nothing_happened(
    ledger: Ledger, request_id: str, attempt: int, not_before_seconds: float = 0.0
) -> None:
    """It did not go out: planned again, and left alone for so many seconds."""
    ended = NothingHappened(request_id=request_id, attempt=attempt, not_before_seconds=not_before_seconds)
    await record(ledger, [ended])


async def record_uncertain(ledger: Ledger, request_id: str, attempt: int, problem: str) -> None:
    """It may have gone out: uncertain until a look-up, a webhook or a person knows more."""
    await record(ledger, [Uncertain(request_id=request_id, attempt=attempt, problem=problem)])


async def _take(connection: AsyncConnection, wish: Wish, most: int) -> dict[str, int]:
    """The claim itself: the attempt's primary key lets only one claimer in. Request id → attempt."""
    values = {"batch": wish.batch_id, "owner_": wish.owner, "most": most}
    if wish.only_rows is None:
        intents = await _INTENTS.rows(connection, values)
    elif isinstance(wish.only_rows, range):  # as many as a hundred thousand, claim after claim
        stretch = {"first": wish.only_rows.start, "end": wish.only_rows.stop}
        intents = await _INTENTS_OF_STRETCH.rows(connection, values | stretch)
    else:
        values["rows"] = listed(connection, wish.only_rows)
        intents = await _INTENTS_OF_ROWS.rows(connection, values)
    return {row.request_id: row.number for row in intents}


def _intents(connection: AsyncConnection, *more: ColumnElement[bool]) -> ClauseElement:
    batch: BindParameter[str] = bindparam("batch")
    free = (
        requests.c.batch_id == batch,
        stands(requests.c.state, RequestState.PLANNED),
        requests.c.not_before.is_(None) | (requests.c.not_before <= now_ms()),
        exists().where(batches.c.id == batch, stands(batches.c.state, "open")),
        *more,
    )
    # started_at is a Moment; as a bare number it can be told by the database
    columns = (requests.c.id, requests.c.attempts + 1, bindparam("owner_", type_=Text), cast(now_ms(), BigInteger))
    chosen = select(*columns).where(*free).order_by(requests.c.row).limit(bindparam("most", type_=Integer))
    if is_postgres(connection):
        chosen = chosen.with_for_update(skip_locked=True, of=requests)
    return (
        upsert(connection, attempts)
        .from_select(["request_id", "number", "owner", "started_at"], chosen)
        .on_conflict_do_nothing()
        .returning(attempts.c.request_id, attempts.c.number)
    )


_INTENTS = Prepared(_intents)
_INTENTS_OF_ROWS = Prepared(lambda connection: _intents(connection, among_listed(connection, requests.c.row, "rows")))
_INTENTS_OF_STRETCH = Prepared(
    lambda connection: _intents(
        connection,
        requests.c.row >= bindparam("first", type_=Integer),
        requests.c.row < bindparam("end", type_=Integer),
    )
)
_HOLD = Prepared(
    lambda connection: (
        update(requests)
        .where(among_listed(connection, requests.c.id))
        .values(
            state=literal_column("'sending'"),
            attempts=requests.c.attempts + 1,
            lease_until=now_ms() + bindparam("lease", type_=BigInteger),
            not_before=null(),
        )
        .returning(requests.c.id, requests.c.ref, requests.c.row, requests.c.content, requests.c.document_sha256)
    )
)


async def _hold(
    connection: AsyncConnection, wish: Wish, taken: dict[str, int], free: turns.Free | None, texts: Texts
) -> list[Claimed]:
    """Mark the rows taken as `sending`, for as long as the lease; what they say, in the sheet's order."""
    lease = {"listed": listed(connection, taken), "lease": _milliseconds(wish.lease_seconds)}
    rows = sorted(await _HOLD.rows(connection, lease), key=lambda row: row.row)
    documents = await texts.fetch(connection, {row.document_sha256 for row in rows})
    return [
        Claimed(
            request_id=row.id,
            ref=row.ref,
            attempt=taken[row.id],
            row=row.row,
            request=_request(row.content, documents[row.document_sha256], row.ref),
            turn_in=free.begins_in(place) if free else 0.0,
        )
        for place, row in enumerate(rows)
    ]


def _request(content: str, document: Document, ref: str) -> SignatureRequest:
    return SignatureRequest.model_validate({**json.loads(content), "document": document, "ref": ref})


def _end(case: Case, outcome: Outcome, casefile: Casefile) -> dict[str, Any] | None:
    """Let the case take in an outcome; the attempt's line, or None for what came too late to count."""
    line: dict[str, Any] = {"request": outcome.request_id, "number_": outcome.attempt, "at": casefile.at,
                            "accepted": None, "trouble": None}  # fmt: skip
    if isinstance(outcome, Sent):
        case.observe(outcome.snapshot, casefile.at)
        return line | {"how": "sent", "accepted": outcome.snapshot.id}
    if case.state is not RequestState.SENDING or case.attempts != outcome.attempt:
        return None
    if isinstance(outcome, Refused):
        case.end_unsent(RequestState.FAILED, outcome.problem, casefile.at)
        return line | {"how": "refused", "trouble": outcome.problem}
    if isinstance(outcome, Uncertain):
        case.end_unsent(RequestState.UNCERTAIN, outcome.problem, casefile.at)
        return line | {"how": "uncertain", "trouble": outcome.problem}
    case.end_unsent(RequestState.PLANNED, outcome.problem, casefile.at)
    return line | {"how": "nothing", "trouble": outcome.problem}


async def _end_attempts(connection: AsyncConnection, lines: Sequence[dict[str, Any]]) -> None:
    if not lines:
        return
    await _END.run(connection, lines)


_END = Prepared(
    lambda _: (
        update(attempts)
        .where(attempts.c.request_id == bindparam("request"), attempts.c.number == bindparam("number_", type_=Integer))
        .values(
            outcome=bindparam("how"),
            outcome_at=bindparam("at"),
            provider_id=bindparam("accepted"),
            problem=bindparam("trouble"),
        )
    )
)


async def _put_off(connection: AsyncConnection, outcomes: Sequence[NothingHappened]) -> None:
    waits = [
        {"which": one.request_id, "number_": one.attempt, "wait": _milliseconds(one.not_before_seconds)}
        for one in outcomes
        if one.not_before_seconds > 0
    ]
    if waits:
        planned = (requests.c.id == bindparam("which")) & (requests.c.state == RequestState.PLANNED.value)
        current = requests.c.attempts == bindparam("number_", type_=Integer)
        later = now_ms() + bindparam("wait", type_=BigInteger)
        await connection.execute(update(requests).where(planned, current).values(not_before=later), waits)


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
