"""Shows which webhooks came and what became of them, and puts dead ones back; never what stands in them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Literal

from pydantic import Field
from sqlalchemy import ColumnElement, func, select, true, update

from connectors.signing.model import Frozen
from ledger.schema import history, inbox
from ledger.sql import stands
from ledger.store import Ledger

DeliveryState = Literal["waiting", "done", "unmatched", "dead"]
STATES: tuple[DeliveryState, ...] = ("waiting", "done", "unmatched", "dead")
"""To be applied; applied; about a request nobody here knows (yet); given up until a person has it replayed."""


class Delivered(Frozen):
    """One webhook. `kind` is what it reports, in our word, where it was understood; `emptied` says that its text is
    gone for its age."""

    id: int
    provider: str
    account: str
    received_at: datetime
    state: DeliveryState
    kind: str | None
    request_id: str | None
    reason: str | None
    emptied: bool


class Replayed(Frozen):
    """How many were put back, and how the others stand of those asked for, which were left as they are."""

    put_back: int
    others: dict[str, int] = Field(default_factory=dict)
    emptied: int = 0


async def newest(
    ledger: Ledger,
    most: int,
    *,
    request_id: str | None = None,
    state: DeliveryState | None = None,
    since: datetime | None = None,
) -> list[Delivered]:
    """The newest deliveries, newest first: those of one request, in one state, received at `since` or later."""
    wanted: list[ColumnElement[bool]] = []
    if request_id is not None:
        wanted.append(inbox.c.request_id == request_id)
    if state is not None:
        wanted.append(stands(inbox.c.state, state))
    if since is not None:
        wanted.append(inbox.c.received_at >= since)
    names = ("id", "provider", "account", "received_at", "state", "request_id", "reason")
    columns = [*(inbox.c[name] for name in names), inbox.c.event, history.c.what]
    chosen = select(*columns, inbox.c.body_sha256.is_not(None).label("emptied"))
    chosen = chosen.outerjoin(history, history.c.delivery_id == inbox.c.id)
    chosen = chosen.where(*wanted).order_by(inbox.c.id.desc()).limit(most)
    async with ledger.read() as connection:
        found = (await connection.execute(chosen)).mappings()
        return [
            Delivered(**{name: row[name] for name in (*names, "emptied")}, kind=row["what"] or _kind(row["event"]))
            for row in found
        ]


async def unmatched(ledger: Ledger) -> int:
    """How many are about requests nobody here knows: made by hand at the provider, or not recorded yet."""
    strangers = select(func.count()).select_from(inbox).where(stands(inbox.c.state, "unmatched"))
    async with ledger.read() as connection:
        return int((await connection.execute(strangers)).scalar_one())


async def replay(ledger: Ledger, numbers: tuple[int, int] | None = None) -> Replayed:
    """Let dead letters wait to be applied once more: those from one number to another, or all there are.

    Nothing else is ever put back. What is done has been applied and would change nothing; what is unmatched is applied
    by itself once its request is known; what waits, waits.
    """
    these = true() if numbers is None else inbox.c.id.between(*numbers)
    dead = stands(inbox.c.state, "dead")
    async with ledger.begin() as connection:
        values = {"state": "waiting", "reason": None, "tries": 0, "not_before": None}
        back = set(
            (await connection.execute(update(inbox).where(these, dead).values(values).returning(inbox.c.id))).scalars()
        )
        if numbers is None:
            return Replayed(put_back=len(back))
        gone = inbox.c.body_sha256.is_not(None)
        columns = (inbox.c.state, gone.label("emptied"), func.count().label("number"))
        standing = (await connection.execute(select(*columns).where(these).group_by(inbox.c.state, gone))).all()
    others: dict[str, int] = {}
    for row in standing:
        others[row.state] = others.get(row.state, 0) + row.number
    others["waiting"] = others.get("waiting", 0) - len(back)
    return Replayed(
        put_back=len(back),
        others={state: number for state, number in others.items() if number},
        emptied=sum(row.number for row in standing if row.emptied),
    )


def _kind(kept: str | None) -> str | None:
    """What an event says that is kept until its request is known."""
    return str(json.loads(kept)["type"]) if kept else None
