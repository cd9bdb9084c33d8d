"""Hands out the effects that are due outside, and takes back word of how they went.

Kinds: `archive` (a completed document) and `sheet` (a row's status) are repeatable; `event` (for Prefect) goes out at
least once, with an id that stays the same. Reminders are not in here: `ledger.reminding` marks them before the call.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal

from sqlalchemy import bindparam, select, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.signing.model import Frozen
from ledger.schema import batches, effects, other_rows, requests
from ledger.sql import among, at_least, now_ms, stands
from ledger.store import Ledger

Kind = Literal["archive", "sheet", "event"]
MOST_TRIES = 10
"""After so many a person is told."""


class Effect(Frozen):
    """One effect that is due.

    `payload`: for `sheet`, `{"sheets": [absolute paths]}`; for `event`, `id` (uuid5), `name`, `occurred` (ISO 8601),
    `request_id`, `batch_id`; for `archive`, nothing. `version` counts how often it was wanted anew.
    """

    id: int
    version: int
    request_id: str
    kind: Kind
    payload: dict[str, Any]
    tries: int
    problem: str | None = None


async def due(ledger: Ledger, kind: Kind, most: int) -> list[Effect]:
    """Effects of one kind that are due, the longest waiting first."""
    columns = [effects.c[name] for name in Effect.model_fields]
    ready = (stands(effects.c.state, "due"), effects.c.kind == kind, effects.c.due_at <= now_ms())
    chosen = select(*columns).where(*ready).order_by(effects.c.due_at, effects.c.id).limit(most)
    async with ledger.read() as connection:
        found = [dict(row) for row in (await connection.execute(chosen)).mappings()]
        if kind == "sheet" and found:
            sheets = await _sheets(connection, {row["request_id"] for row in found})
            found = [{**row, "payload": {"sheets": sheets.get(row["request_id"], [])}} for row in found]
    return [Effect(**row) for row in found]


async def done(ledger: Ledger, effects_done: Sequence[tuple[int, int]]) -> None:
    """These (id, version) went out; one that has been wanted anew meanwhile stays due."""
    if not effects_done:
        return
    this = (effects.c.id == bindparam("which")) & (effects.c.version == bindparam("seen"))
    lines = [{"which": id_, "seen": version} for id_, version in sorted(effects_done)]
    async with ledger.begin() as connection:
        await connection.execute(update(effects).where(this).values(state="done", problem=None), lines)


async def again(ledger: Ledger, effect_id: int, after_seconds: float, problem: str) -> None:
    """It did not go out: due again after so many seconds.

    Nothing is given up: a store may be away over a weekend, and the signed document has to arrive all the same.
    """
    values = {"tries": effects.c.tries + 1, "due_at": now_ms() + round(after_seconds * 1000), "problem": problem}
    async with ledger.begin() as connection:
        this = (effects.c.id == effect_id) & stands(effects.c.state, "due")
        await connection.execute(update(effects).where(this).values(values))


async def stuck(ledger: Ledger, most: int | None = None) -> list[Effect]:
    """Effects that have failed so often that a person should look, all unless `most` says how many; they are still
    tried."""
    columns = [effects.c[name] for name in Effect.model_fields]
    often = (stands(effects.c.state, "due"), at_least(effects.c.tries, MOST_TRIES))
    chosen = select(*columns).where(*often).order_by(effects.c.id).limit(most)
    async with ledger.read() as connection:
        found = (await connection.execute(chosen)).mappings()
        return [Effect(**row) for row in found]


async def retry(ledger: Ledger, effect_id: int) -> bool:
    """Let a stuck effect be due at once; False if it is not stuck."""
    async with ledger.begin() as connection:
        this = (effects.c.id == effect_id) & stands(effects.c.state, "due") & (effects.c.tries >= MOST_TRIES)
        values = {"tries": 0, "due_at": now_ms()}
        return (await connection.execute(update(effects).where(this).values(values))).rowcount == 1


async def _sheets(connection: AsyncConnection, request_ids: Collection[str]) -> dict[str, list[str]]:
    """The sheets each request has a row in: its own batch's, and those of batches that found it there already."""
    own = (
        select(requests.c.id, batches.c.sheet)
        .join(batches, batches.c.id == requests.c.batch_id)
        .where(among(connection, requests.c.id, request_ids))
    )
    others = (
        select(other_rows.c.request_id, batches.c.sheet)
        .join(batches, batches.c.id == other_rows.c.batch_id)
        .where(among(connection, other_rows.c.request_id, request_ids))
    )
    sheets: dict[str, list[str]] = {}
    for request_id, sheet in await connection.execute(union(own, others)):
        sheets.setdefault(request_id, []).append(sheet)
    return sheets
