"""Writes planned rows, in portions, so that a hundred thousand of them need little memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.drafts import BatchDraft, RowDraft, document_content, request_content
from ledger.ids import new_id, new_ref
from ledger.prepared import now
from ledger.schema import documents, requests, signers
from ledger.sql import among, upsert
from ledger.states import RequestState, SignerState
from ledger.wants import want_sheet_rows

PORTION = 1000


async def insert_rows(
    connection: AsyncConnection,
    batch_id: str,
    draft: BatchDraft,
    places: Sequence[int],
    rounds: Mapping[str, int],
) -> None:
    """Plan the draft's rows at these places; `rounds` names those that are not in their first."""
    at = await now(connection)
    plan = upsert(connection, requests).on_conflict_do_nothing(
        index_elements=[requests.c.mode, requests.c.campaign, requests.c.key, requests.c.round]
    )
    for portion in _portions(draft, places):
        ids = [new_id("req") for _ in portion]
        fixed = {
            "campaign": draft.campaign,
            "mode": draft.mode,
            "state": RequestState.PLANNED.value,
            "attempts": 0,
            "created_at": at,
        }
        values = [
            {
                **_content(batch_id, draft, row),
                **fixed,
                "id": id_,
                "ref": new_ref(),
                "key": row.key,
                "round": rounds.get(row.key, 1),
            }
            for id_, row in zip(ids, portion, strict=True)
        ]
        await _keep_documents(connection, portion)
        await connection.execute(plan, values)
        await _keep_signers(connection, ids, portion)
        await want_sheet_rows(connection, ids)


async def adopt_rows(
    connection: AsyncConnection,
    batch_id: str,
    draft: BatchDraft,
    places: Sequence[int],
    request_ids: Mapping[str, str],
) -> None:
    """Give planned requests to this batch, with what the sheet says now in the draft's rows at these places."""
    for portion in _portions(draft, places):
        ids = [request_ids[row.key] for row in portion]
        values = [{**_content(batch_id, draft, row), "request": id_} for id_, row in zip(ids, portion, strict=True)]
        await _keep_documents(connection, portion)
        changed: dict[str, Any] = {name: bindparam(name) for name in values[0] if name != "request"}
        await connection.execute(update(requests).where(requests.c.id == bindparam("request")).values(changed), values)
        await connection.execute(delete(signers).where(among(connection, signers.c.request_id, ids)))
        await _keep_signers(connection, ids, portion)
        await want_sheet_rows(connection, ids)


def _portions(draft: BatchDraft, places: Sequence[int]) -> Iterator[Sequence[RowDraft]]:
    for start in range(0, len(places), PORTION):
        yield [draft.rows[place] for place in places[start : start + PORTION]]


def _content(batch_id: str, draft: BatchDraft, row: RowDraft) -> dict[str, Any]:
    return {
        "batch_id": batch_id,
        "row": row.row,
        "provider": draft.provider,
        "account": draft.account,
        "content": request_content(row.request),
        "document_sha256": document_content(row.request)[0],
        "archive_name": row.archive_name,
        "reminders": row.reminders.model_dump_json() if row.reminders else None,
        "expires_in_hours": row.request.expires_in_hours,
    }


async def _keep_documents(connection: AsyncConnection, rows: Sequence[RowDraft]) -> None:
    texts = dict(document_content(row.request) for row in rows)
    kept = [{"sha256": name, "content": texts[name]} for name in sorted(texts)]
    await connection.execute(upsert(connection, documents).on_conflict_do_nothing(), kept)


async def _keep_signers(connection: AsyncConnection, ids: Sequence[str], rows: Sequence[RowDraft]) -> None:
    await connection.execute(
        insert(signers),
        [
            {
                "id": f"{request_id}.{position}",
                "request_id": request_id,
                "position": position,
                "turn": signer.order,
                "role": signer.role,
                "name": signer.name,
                "email": signer.email,
                "state": SignerState.WAITING.value,
                "reminded": 0,
            }
            for request_id, row in zip(ids, rows, strict=True)
            for position, signer in enumerate(row.request.signers, start=1)
        ],
    )
