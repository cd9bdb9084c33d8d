"""Notes down what has to happen outside: a row in the sheet, an archived document, an event in Prefect."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import literal_column, null
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ClauseElement

from ledger.prepared import Prepared, now
from ledger.schema import effects
from ledger.sql import upsert

NAMESPACE = uuid.UUID("6f0e2c5a-3b0f-5d7c-9a51-1f0d7f6f8a10")
"""Prefect event ids are uuid5 of this and of what happened, so that emitting one twice is emitting it once."""


NOTICE_AFTER = timedelta(seconds=10)


class Want(NamedTuple):
    """One effect that is wanted, at the earliest `after` this time; `name` makes it the only one of its kind for its
    request."""

    request_id: str
    kind: str
    name: str = ""
    payload: Mapping[str, Any] = MappingProxyType({})
    after: timedelta = timedelta()


def prefect_event(request_id: str, batch_id: str, what: str, occurrence: str, at: datetime) -> Want:
    """The Prefect event `esign.request.<what>`; `occurrence` tells it from others of its name. Ids only."""
    name = f"{what}/{occurrence}"
    payload = {
        "id": str(uuid.uuid5(NAMESPACE, f"{request_id}/{name}")),
        "name": f"esign.request.{what}",
        "occurred": at.isoformat(),
        "request_id": request_id,
        "batch_id": batch_id,
    }
    return Want(request_id, "event", name, payload)


def notice(request_id: str, what: str) -> Want:
    """The owner is to be told of this; a little later, so that one message tells of what comes together."""
    return Want(request_id, "notice", what, after=NOTICE_AFTER)


def _anew(connection: AsyncConnection) -> ClauseElement:
    queue = upsert(connection, effects).inline()  # nobody asks for the numbers it gives
    return queue.on_conflict_do_update(
        index_elements=[effects.c.request_id, effects.c.kind, effects.c.name],
        set_={
            "version": effects.c.version + 1,
            "state": literal_column("'due'"),
            "due_at": queue.excluded.due_at,
            "tries": literal_column("0"),
            "problem": null(),
        },
    )


_QUEUE = Prepared(_anew, ("request_id", "kind", "name", "payload", "due_at", "version", "state", "tries"))


async def want(connection: AsyncConnection, wanted: Sequence[Want], at: datetime | None = None) -> None:
    """Queue effects in the caller's transaction; one that is wanted anew is due again, in a newer version.

    `at`: the database's time, where the caller knows it.
    """
    if not wanted:
        return
    one_each = {(one.request_id, one.kind, one.name): one for one in wanted}
    due = {"version": 1, "state": "due", "tries": 0}
    at = at or await now(connection)
    values = [
        {
            "request_id": one.request_id,
            "kind": one.kind,
            "name": one.name,
            "payload": dict(one.payload),
            "due_at": at + one.after,
            **due,
        }
        for _, one in sorted(one_each.items())
    ]
    await _QUEUE.run(connection, values)


async def want_sheet_rows(connection: AsyncConnection, request_ids: Collection[str]) -> None:
    """Have these requests' rows written to their sheets."""
    await want(connection, [Want(request_id, "sheet") for request_id in request_ids])
