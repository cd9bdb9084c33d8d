"""Freezes a plan into the ledger: from here on the sheet is not read again, and no key is planned twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Select, delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.batches import Batch, batch, batches, close_if_nothing_is_left
from ledger.drafts import BatchDraft, FrozenBatch, Known, Marked, RefusedRow, Reminders, RowDraft, hash_of
from ledger.ids import new_id
from ledger.planned_rows import adopt_rows, insert_rows
from ledger.prepared import now
from ledger.schema import batches as batches_
from ledger.schema import ledgers, other_rows, requests
from ledger.sql import among, now_ms
from ledger.states import RequestState
from ledger.store import Ledger

__all__ = [
    "Batch",
    "BatchDraft",
    "FrozenBatch",
    "Known",
    "Marked",
    "RefusedRow",
    "Reminders",
    "RowDraft",
    "batch",
    "batches",
    "freeze",
    "known",
    "marked",
    "out_from",
    "seconds_until_due",
]


async def known(ledger: Ledger, mode: str, campaign: str, keys: Collection[str]) -> dict[str, Known]:
    """The newest round of each of these keys, with the hash of its content; keys never seen are left out."""
    found: dict[str, Known] = {}
    async with ledger.read() as connection:
        newest = _of_keys(connection, mode, campaign, keys).order_by(requests.c.round)
        columns = (requests.c.content, requests.c.document_sha256, requests.c.planned_hash)
        with_content = newest.add_columns(*columns)
        async with connection.stream(with_content) as rows:  # the contents are long, and wanted for their hash alone
            async for row in rows.mappings():
                told = dict(row)
                hashed = hash_of(told.pop("content"), told.pop("document_sha256"))
                before = told.pop("planned_hash")
                told["planned_hash"] = bytes.fromhex(before) if before else None
                found[told["key"]] = Known(**told, content_hash=hashed)  # the last round wins
    return found


async def marked(ledger: Ledger, request_ids: Collection[str]) -> list[Marked]:
    """These requests, as far as the ledger knows them."""
    columns = (requests.c.id.label("request_id"), *(requests.c[name] for name in ("key", "mode", "campaign", "state")))
    async with ledger.read() as connection:
        chosen = select(*columns).where(among(connection, requests.c.id, request_ids))
        return [Marked(**row) for row in (await connection.execute(chosen)).mappings()]


async def out_from(ledger: Ledger, sheet: str, mode: str, campaign: str) -> dict[str, str]:
    """Key → id of the requests that were sent from this sheet, or are about to be, and have not ended."""
    open_ = [state.value for state in RequestState if not state.terminal and state is not RequestState.PLANNED]
    chosen = (
        select(requests.c.key, requests.c.id)
        .join(batches_, batches_.c.id == requests.c.batch_id)
        .where(batches_.c.sheet == sheet, requests.c.mode == mode, requests.c.campaign == campaign)
        .where(requests.c.state.in_(open_))
        .order_by(requests.c.id)
    )
    async with ledger.read() as connection:
        return {row.key: row.id for row in await connection.execute(chosen)}


async def seconds_until_due(ledger: Ledger, batch_id: str) -> float:
    """Seconds until the first planned row of the batch may be claimed; 0 if one may be now, or none is planned."""
    mine = (requests.c.batch_id == batch_id, requests.c.state == RequestState.PLANNED.value)
    free = select(exists().where(*mine, requests.c.not_before.is_(None)))  # most often the first row that is looked at
    first = select(func.min(requests.c.not_before) - now_ms()).where(*mine)
    async with ledger.read() as connection:
        if (await connection.execute(free)).scalar_one():
            return 0.0
        return max(0.0, ((await connection.execute(first)).scalar_one() or 0) / 1000)


async def freeze(ledger: Ledger, draft: BatchDraft, *, again: Collection[str] = ()) -> FrozenBatch:
    """Write a plan down, in one transaction; nothing is sent by it.

    A plan with the same hash (campaign, mode, and account behind the name) is that batch again; otherwise a new one
    begins. Rows of other batches that are only planned move here with what the sheet says now. Keys in `again` open a
    new round if their newest one is over without being completed. Refused rows are kept on the batch and touch no
    request. Raises `ValueError` if two rows have the same key.
    """
    _refuse_repeated_keys(draft)
    heads = draft.heads
    async with ledger.begin() as connection:
        await connection.execute(select(ledgers.c.id).with_for_update())  # one plan at a time, on Postgres too
        batch_id, resumed = await _batch_for(connection, draft)
        seen = await _known(connection, draft.mode, draft.campaign, [key for _, key in heads])
        rounds = {key: seen[key].round + 1 for _, key in heads if _asked_again(seen.get(key), again)}
        new = [at for at, (_, key) in enumerate(heads) if key not in seen or key in rounds]
        planned = {key: one for key, one in seen.items() if one.state is RequestState.PLANNED}
        taken = [at for at, (row, key) in enumerate(heads) if _has_to_move(planned.get(key), batch_id, row)]
        await insert_rows(connection, batch_id, draft, new, rounds)
        await adopt_rows(connection, batch_id, draft, taken, {key: one.request_id for key, one in planned.items()})
        ours = planned.keys() | rounds.keys()
        others = {row: seen[key] for row, key in heads if key in seen and key not in ours}
        already = {row: one for row, one in others.items() if one.batch_id != batch_id}
        await _keep_other_rows(connection, batch_id, draft, already)
        left = {one.batch_id for one in planned.values()} - {batch_id}
        await _tidy(connection, batch_id, left)
        mine = await _still_to_send(connection, batch_id)
    adopted = sum(one.batch_id != batch_id for one in planned.values())
    return FrozenBatch(batch_id=batch_id, new=len(new), adopted=adopted, mine=mine, already=already, resumed=resumed)


def _refuse_repeated_keys(draft: BatchDraft) -> None:
    first: dict[str, int] = {}
    for row, key in draft.heads:
        if (before := first.setdefault(key, row)) != row:
            raise ValueError(f"Rows {before} and {row} have the same key; a plan may hold only one of them.")


def _asked_again(before: Known | None, again: Collection[str]) -> bool:
    if before is None or before.key not in again:
        return False
    return before.state.terminal and before.state is not RequestState.COMPLETED


def _has_to_move(before: Known | None, batch_id: str, row: int) -> bool:
    """Whether a planned row is to be rewritten: in its own batch, of the same hash, only its number can differ."""
    return before is not None and (before.batch_id, before.row) != (batch_id, row)


async def _batch_for(connection: AsyncConnection, draft: BatchDraft) -> tuple[str, bool]:
    """The batch this plan belongs to, and whether it was there before."""
    at = await now(connection)
    same = (
        select(batches_.c.id)
        .where(
            batches_.c.hash == draft.hash,
            batches_.c.mode == draft.mode,
            batches_.c.campaign == draft.campaign,
            batches_.c.provider == draft.provider,
            batches_.c.account == draft.account,
            batches_.c.base_url == draft.base_url,
            batches_.c.fingerprint == draft.fingerprint,
        )
        .order_by(batches_.c.id.desc())
        .limit(1)
    )
    if (found := (await connection.execute(same)).scalar_one_or_none()) is not None:
        # the sheet may have moved since; results go where the person works now
        change = update(batches_).where(batches_.c.id == found).values(sheet=draft.sheet, frozen_at=at)
        await connection.execute(change)
        return found, True
    batch_id = new_id("bat")
    values = draft.model_dump(exclude={"rows", "refused"})
    await connection.execute(insert(batches_).values(id=batch_id, state="open", created_at=at, frozen_at=at, **values))
    return batch_id, False


async def _known(connection: AsyncConnection, mode: str, campaign: str, keys: Collection[str]) -> dict[str, Known]:
    """The same at the moment of freezing; the planned ones are held, so that nobody claims them meanwhile."""
    if not keys:
        return {}
    held = _of_keys(connection, mode, campaign, keys).where(requests.c.state == "planned")
    await connection.execute(held.with_for_update())
    newest = _of_keys(connection, mode, campaign, keys).order_by(requests.c.round)
    rows = (await connection.execute(newest)).mappings()
    return {row["key"]: Known(**row) for row in rows}  # the last round wins


def _of_keys(connection: AsyncConnection, mode: str, campaign: str, keys: Collection[str]) -> Select[Any]:
    columns = (
        requests.c.id.label("request_id"),
        requests.c.batch_id,
        requests.c.state,
        requests.c.key,
        requests.c.row,
        requests.c.round,
        requests.c.attempts,
        requests.c.problem,
        requests.c.provider,
        requests.c.account,
    )
    return select(*columns).where(
        requests.c.mode == mode, requests.c.campaign == campaign, among(connection, requests.c.key, keys)
    )


async def _keep_other_rows(
    connection: AsyncConnection, batch_id: str, draft: BatchDraft, already: Mapping[int, Known]
) -> None:
    """Write down the rows that are no requests of this batch, in place of what an earlier freeze wrote."""
    await connection.execute(delete(other_rows).where(other_rows.c.batch_id == batch_id))
    refused = [
        {"batch_id": batch_id, "row": row.row, "key": row.key, "request_id": None, "problem": row.problem}
        for row in draft.refused
    ]
    kept = [
        {"batch_id": batch_id, "row": row, "key": one.key, "request_id": one.request_id, "problem": None}
        for row, one in already.items()
    ]
    if refused or kept:
        await connection.execute(insert(other_rows), refused + kept)


async def _tidy(connection: AsyncConnection, batch_id: str, left: Collection[str]) -> None:
    """A batch with something to send is not done; one that has lost its last rows to this one is."""
    with_work = exists().where(requests.c.batch_id == batch_id, requests.c.state == "planned")
    done = (batches_.c.id == batch_id) & (batches_.c.state == "done") & with_work
    await connection.execute(update(batches_).where(done).values(state="open", finished_at=None))
    for one in sorted(left):
        await close_if_nothing_is_left(connection, one)


async def _still_to_send(connection: AsyncConnection, batch_id: str) -> int:
    planned = select(func.count()).where(requests.c.batch_id == batch_id, requests.c.state == "planned")
    return (await connection.execute(planned)).scalar_one()
