"""Opens a new round for requests that ended badly, with the content they were frozen with; the sheet is not read."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, RowMapping, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.ids import new_id, new_ref
from ledger.prepared import now
from ledger.schema import batches, incidents, requests, signers
from ledger.sql import among, stands, upsert
from ledger.states import RequestState, SignerState
from ledger.store import Ledger
from ledger.wants import want_sheet_rows

RESENDABLE = (RequestState.FAILED, RequestState.DECLINED, RequestState.EXPIRED, RequestState.CANCELED)
"""Only what is over without being completed. What may have been sent is never among it."""
PORTION = 500
_COPIED = ("batch_id", "row", "mode", "campaign", "key", "provider", "account", "content", "document_sha256",
           "archive_name", "reminders", "expires_in_hours", "planned_hash")  # fmt: skip
_COPIED_OF_PEOPLE = ("position", "turn", "role", "name", "email")


async def over(ledger: Ledger, batch_id: str, states: Collection[RequestState]) -> int:
    """How many of a batch's requests `open_rounds` would plan anew."""
    async with ledger.read() as connection:
        counted = select(func.count()).select_from(requests).where(*_over(batch_id, states))
        return (await connection.execute(counted)).scalar_one()


async def open_rounds(ledger: Ledger, batch_id: str, states: Collection[RequestState]) -> int:
    """Plan anew, as a further round, what of this batch ended in one of these states; how many rows.

    Repeating it after an interruption goes on where it ended: whoever has a newer round is left alone. So is a request
    that the provider holds twice, which is for a person. Raises `ValueError` for states other than `RESENDABLE`.
    """
    planned = 0
    while True:
        async with ledger.begin() as connection:
            chosen = select(requests).where(*_over(batch_id, states)).order_by(requests.c.row).limit(PORTION)
            old = (await connection.execute(chosen.with_for_update())).mappings().all()
            if not old:
                return planned
            planned += await _next_round(connection, batch_id, old)


def _over(batch_id: str, states: Collection[RequestState]) -> list[ColumnElement[bool]]:
    if not states or set(states) - set(RESENDABLE):
        raise ValueError("Only requests that failed, were declined, expired or were canceled can be sent anew.")
    later = requests.alias()
    same_key = (later.c[name] == requests.c[name] for name in ("mode", "campaign", "key"))
    return [
        requests.c.batch_id == batch_id,
        stands(requests.c.state, *sorted(states)),
        ~exists().where(*same_key, later.c.round > requests.c.round),
        ~exists().where(incidents.c.request_id == requests.c.id),
    ]


async def _next_round(connection: AsyncConnection, batch_id: str, old: Sequence[RowMapping]) -> int:
    at = await now(connection)
    new = {row["id"]: new_id("req") for row in old}
    fresh = {"state": RequestState.PLANNED.value, "attempts": 0, "created_at": at}
    values = [
        {name: row[name] for name in _COPIED}
        | fresh
        | {"id": new[row["id"]], "ref": new_ref(), "round": row["round"] + 1}
        for row in old
    ]
    plan = upsert(connection, requests).on_conflict_do_nothing(
        index_elements=[requests.c.mode, requests.c.campaign, requests.c.key, requests.c.round]
    )
    await connection.execute(plan, values)
    ours = select(requests.c.id).where(among(connection, requests.c.id, list(new.values())))
    there = set((await connection.execute(ours)).scalars())
    columns = [signers.c[name] for name in ("request_id", *_COPIED_OF_PEOPLE)]
    people = (
        await connection.execute(select(*columns).where(among(connection, signers.c.request_id, list(new))))
    ).mappings()
    asked = [
        {name: one[name] for name in _COPIED_OF_PEOPLE}
        | {
            "id": f"{new[one['request_id']]}.{one['position']}",
            "request_id": new[one["request_id"]],
            "state": SignerState.WAITING.value,
            "reminded": 0,
        }
        for one in people
        if new[one["request_id"]] in there
    ]
    if asked:
        await connection.execute(insert(signers), asked)
    await want_sheet_rows(connection, sorted(there))
    done = (batches.c.id == batch_id) & (batches.c.state == "done")
    await connection.execute(update(batches).where(done).values(state="open", finished_at=None))
    return len(there)
