"""Claims rows for sending, and records how the attempts ended."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import BigInteger, Integer, bindparam, cast, exists, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.signing.model import Document, Frozen, SignatureRequest, Snapshot
from ledger.batches import Counts, counts, finish, pause, reopen
from ledger.casefile import Casefile
from ledger.cases import Case
from ledger.outcomes import NothingHappened, Outcome, Refused, Sent, Uncertain
from ledger.schema import attempts, batches, documents, requests
from ledger.sql import among, is_postgres, now, now_ms, upsert
from ledger.states import RequestState
from ledger.store import Ledger

__all__ = [
    "Claimed", "Counts", "NothingHappened", "Outcome", "Refused", "Sent", "Uncertain", "claim", "counts", "finish",
    "may_call", "pause", "record", "record_nothing_happened", "record_refused", "record_sent", "record_uncertain",
    "reopen",
]  # fmt: skip


class Claimed(Frozen):
    """One row to be sent now, by the claimer and nobody else; `request` carries its `ref`."""

    request_id: str
    ref: str
    attempt: int
    row: int
    request: SignatureRequest


async def claim(
    ledger: Ledger,
    batch_id: str,
    owner: str,
    most: int,
    lease_seconds: float,
    only_rows: Collection[int] | None = None,
) -> list[Claimed]:
    """Take up to `most` planned rows of an open batch, in the sheet's order; they are `sending` from here on.

    One statement decides whose they are, and the intents are on disk before this returns. `lease_seconds` must
    outlast the wait for a turn and the call: when it is over, the row counts as uncertain. `only_rows` are row numbers
    of the sheet.
    """
    if most <= 0:
        return []
    async with ledger.begin() as connection:
        taken = await _take(connection, batch_id, owner, most, only_rows)
        if not taken:
            return []
        await connection.execute(
            update(requests)
            .where(among(connection, requests.c.id, list(taken)))
            .values(
                state=RequestState.SENDING.value,
                attempts=requests.c.attempts + 1,
                lease_until=now_ms() + _milliseconds(lease_seconds),
                not_before=None,
            )
        )
        return await _claimed(connection, taken)


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
    if not outcomes:
        return
    async with ledger.begin() as connection:
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


async def _take(
    connection: AsyncConnection, batch_id: str, owner: str, most: int, only_rows: Collection[int] | None
) -> dict[str, int]:
    """The claim itself: the attempt's primary key lets only one claimer in. Request id → attempt."""
    free = [
        requests.c.batch_id == batch_id,
        requests.c.state == RequestState.PLANNED.value,
        requests.c.not_before.is_(None) | (requests.c.not_before <= now_ms()),
        exists().where(batches.c.id == batch_id, batches.c.state == "open"),
    ]
    if only_rows is not None:
        free.append(among(connection, requests.c.row, only_rows))
    # started_at is a Moment; as a bare number it can be told by the database
    columns = (requests.c.id, requests.c.attempts + 1, literal(owner), cast(now_ms(), BigInteger))
    chosen = select(*columns).where(*free).order_by(requests.c.row).limit(most)
    if is_postgres(connection):
        chosen = chosen.with_for_update(skip_locked=True, of=requests)
    intents = (
        upsert(connection, attempts)
        .from_select(["request_id", "number", "owner", "started_at"], chosen)
        .on_conflict_do_nothing()
        .returning(attempts.c.request_id, attempts.c.number)
    )
    return {row.request_id: row.number for row in await connection.execute(intents)}


async def _claimed(connection: AsyncConnection, taken: dict[str, int]) -> list[Claimed]:
    columns = (requests.c.id, requests.c.ref, requests.c.row, requests.c.content, documents.c.content.label("document"))
    chosen = (
        select(*columns)
        .join(documents, documents.c.sha256 == requests.c.document_sha256)
        .where(among(connection, requests.c.id, list(taken)))
        .order_by(requests.c.row)
    )
    return [
        Claimed(
            request_id=row["id"],
            ref=row["ref"],
            attempt=taken[row["id"]],
            row=row["row"],
            request=_request(row["content"], row["document"], row["ref"]),
        )
        for row in (await connection.execute(chosen)).mappings()
    ]


def _request(content: str, document: str, ref: str) -> SignatureRequest:
    return SignatureRequest.model_validate(
        {**json.loads(content), "document": Document.model_validate_json(document), "ref": ref}
    )


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
    which = (attempts.c.request_id == bindparam("request")) & (attempts.c.number == bindparam("number_", type_=Integer))
    values: dict[str, Any] = {
        "outcome": bindparam("how"),
        "outcome_at": bindparam("at"),
        "provider_id": bindparam("accepted"),
        "problem": bindparam("trouble"),
    }
    await connection.execute(update(attempts).where(which).values(values), lines)


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
