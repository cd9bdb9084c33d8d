"""Empties webhooks that are long dealt with: what people wrote in them is not kept for ever."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import bindparam, exists, null, or_, select, update

from ledger.schema import inbox, requests
from ledger.sql import now_ms, stands
from ledger.states import RequestState
from ledger.store import Ledger

PORTION = 500
PORTIONS = 100
"""Portions in one go; what is left is emptied the next time."""
DAY_MS = 86_400_000
STRANGER = "It was about no request of ours, and was emptied for its age."

_OVER = [state for state in RequestState if state.terminal and state is not RequestState.COMPLETED]


async def empty_old(ledger: Ledger, days: int, portions: int = PORTIONS) -> int:
    """Empty bodies and headers of deliveries that are dealt with and older than so many days; how many. 0 keeps all.

    The rows stay, so that a repeat is known as one, and with each the fingerprint of its body, which evidence names.
    The request has to have ended for as long, and to be archived where it was completed: until then its evidence rests
    on the deliveries themselves. Those about no request of ours count as done with it. Dead ones are kept until a
    person decides, and those that wait until they are applied.
    """
    emptied = 0
    for _ in range(portions if days else 0):
        count = await _empty_some(ledger, days)
        emptied += count
        if count < PORTION:
            break
    return emptied


async def _empty_some(ledger: Ledger, days: int) -> int:
    long_ago = now_ms() - days * DAY_MS
    ended = stands(requests.c.state, *_OVER) & (requests.c.closed_at < long_ago)
    archived = stands(requests.c.state, RequestState.COMPLETED) & (requests.c.archived_at < long_ago)
    settled = exists().where(requests.c.id == inbox.c.request_id, or_(ended, archived))
    chosen = (
        select(inbox.c.id, inbox.c.body, inbox.c.state)
        .where(
            stands(inbox.c.state, "done", "unmatched"),
            inbox.c.body_sha256.is_(None),
            inbox.c.received_at < long_ago,
            or_(inbox.c.request_id.is_(None), settled),
        )
        .order_by(inbox.c.received_at)
        .limit(PORTION)
        .with_for_update(skip_locked=True)
    )
    async with ledger.begin() as connection:
        found = (await connection.execute(chosen)).all()
        values: dict[str, Any] = {"body": b"", "headers": {}, "body_sha256": bindparam("fingerprint")}
        this = update(inbox).where(inbox.c.id == bindparam("which"))
        for state, more in (("done", {}), ("unmatched", {"state": "done", "event": null(), "reason": STRANGER})):
            lines = [
                {"which": row.id, "fingerprint": hashlib.sha256(row.body).hexdigest()}
                for row in found
                if row.state == state
            ]
            if lines:
                await connection.execute(this.values(values | more), lines)
        return len(found)
