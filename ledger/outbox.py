"""Hands out the effects that are due outside, and takes back word of how they went.

Kinds: `archive` (a completed document) and `sheet` (a row's status) are repeatable; `event` (for Prefect) goes out at
least once, with an id that stays the same; `notice` (for the owner, `ledger.notices`) at most once. Reminders are not
in here: `ledger.reminding` marks them before the call.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.schema import batches, effects, other_rows, requests
from ledger.sql import among, at_least, is_postgres, now_ms, stands
from ledger.store import Ledger

Kind = Literal["archive", "sheet", "event", "notice"]
MOST_TRIES = 10
"""After so many a person is told."""
AT_ONCE = 2000
"""Effects done in one transaction: on SQLite nobody else writes meanwhile."""


class Effect(NamedTuple):
    """One effect that is due.

    `payload`: for `sheet`, `{"sheets": [absolute paths]}`; for `event`, `id` (uuid5), `name`, `occurred` (ISO 8601),
    `request_id`, `batch_id`; for `archive`, nothing. `version` counts how often it was wanted anew.
    """

    id: int
    version: int
    request_id: str
    kind: Kind
    payload: Mapping[str, Any]
    tries: int
    problem: str | None = None


_COLUMNS = [effects.c[name] for name in Effect._fields]


async def due(ledger: Ledger, kind: Kind, most: int) -> list[Effect]:
    """Effects of one kind that are due, the longest waiting first."""
    ready = (stands(effects.c.state, "due"), effects.c.kind == kind, effects.c.due_at <= now_ms())
    if kind == "sheet":
        return await _due_rows(ledger, ready, most)
    chosen = select(*_COLUMNS).where(*ready).order_by(effects.c.due_at, effects.c.id).limit(most)
    async with ledger.read() as connection:
        return [Effect(*row) for row in await connection.execute(chosen)]


async def done(ledger: Ledger, effects_done: Sequence[tuple[int, int]]) -> None:
    """These (id, version) went out; one that has been wanted anew meanwhile stays due."""
    in_order = sorted(effects_done)
    for start in range(0, len(in_order), AT_ONCE):
        async with ledger.begin() as connection:
            await mark_done(connection, in_order[start : start + AT_ONCE])


async def mark_done(connection: AsyncConnection, effects_done: Sequence[tuple[int, int]]) -> None:
    """The same, as a part of somebody's transaction."""
    by_version: dict[int, list[int]] = defaultdict(list)
    for id_, version in effects_done:
        by_version[version].append(id_)
    for version, ids in by_version.items():
        these = _free(connection, among(connection, effects.c.id, ids))
        seen = update(effects).where(these, effects.c.version == version)
        await connection.execute(seen.values(state="done", problem=None))


async def again(ledger: Ledger, effect_id: int, after_seconds: float, problem: str) -> None:
    """It did not go out: due again after so many seconds.

    Nothing is given up: a store may be away over a weekend, and the signed document has to arrive all the same.
    """
    await all_again(ledger, [effect_id], after_seconds, problem)


async def all_again(ledger: Ledger, effect_ids: Collection[int], after_seconds: float, problem: str) -> None:
    """The same for many that share their fate: the rows of a sheet that is gone."""
    values = {"tries": effects.c.tries + 1, "due_at": now_ms() + round(after_seconds * 1000), "problem": problem}
    ids = sorted(effect_ids)
    for start in range(0, len(ids), AT_ONCE):
        async with ledger.begin() as connection:
            these = among(connection, effects.c.id, ids[start : start + AT_ONCE])
            this = update(effects).where(_free(connection, these), stands(effects.c.state, "due"))
            await connection.execute(this.values(values))


async def stuck(ledger: Ledger, most: int | None = None) -> list[Effect]:
    """Effects that have failed so often that a person should look, all unless `most` says how many; they are still
    tried."""
    often = (stands(effects.c.state, "due"), at_least(effects.c.tries, MOST_TRIES))
    chosen = select(*_COLUMNS).where(*often).order_by(effects.c.id).limit(most)
    async with ledger.read() as connection:
        return [Effect(*row) for row in await connection.execute(chosen)]


async def retry(ledger: Ledger, effect_id: int) -> bool:
    """Let a stuck effect be due at once; False if it is not stuck."""
    async with ledger.begin() as connection:
        this = (effects.c.id == effect_id) & stands(effects.c.state, "due") & (effects.c.tries >= MOST_TRIES)
        values = {"tries": 0, "due_at": now_ms()}
        return (await connection.execute(update(effects).where(this).values(values))).rowcount == 1


async def _due_rows(ledger: Ledger, ready: Sequence[ColumnElement[bool]], most: int) -> list[Effect]:
    """Rows that are due to be shown, with the sheets that show them."""
    columns = (effects.c.id, effects.c.version, effects.c.request_id, effects.c.tries, effects.c.problem)
    chosen = (
        select(*columns, requests.c.batch_id)
        .join(requests, requests.c.id == effects.c.request_id)
        .where(*ready)
        .order_by(effects.c.due_at, effects.c.id)
        .limit(most)
    )
    async with ledger.read() as connection:
        found = (await connection.execute(chosen)).all()
        if not found:
            return []
        own = await _sheets(connection, {row.batch_id for row in found})
        others = await _other_sheets(connection)
    shown_in: dict[tuple[str, ...], Mapping[str, Any]] = {}  # nearly all rows are shown in the same one
    rows = []
    for id_, version, request_id, tries, problem, batch_id in found:
        sheets = (own[batch_id], *(sheet for sheet in others.get(request_id, ()) if sheet != own[batch_id]))
        payload = shown_in.setdefault(sheets, {"sheets": sheets})
        rows.append(Effect(id_, version, request_id, "sheet", payload, tries, problem))
    return rows


async def _sheets(connection: AsyncConnection, batch_ids: Collection[str]) -> dict[str, str]:
    chosen = select(batches.c.id, batches.c.sheet).where(among(connection, batches.c.id, batch_ids))
    return dict((await connection.execute(chosen)).tuples().all())


async def _other_sheets(connection: AsyncConnection) -> dict[str, list[str]]:
    """The sheets of batches that found a request there already, for all rows that are still to be shown."""
    waiting = (stands(effects.c.state, "due"), effects.c.kind == "sheet")
    chosen = (
        select(other_rows.c.request_id, batches.c.sheet)
        .join(effects, effects.c.request_id == other_rows.c.request_id)
        .join(batches, batches.c.id == other_rows.c.batch_id)
        .where(*waiting)
        .distinct()
    )
    sheets: dict[str, list[str]] = {}
    for request_id, sheet in await connection.execute(chosen):
        sheets.setdefault(request_id, []).append(sheet)
    return sheets


def _free(connection: AsyncConnection, these: ColumnElement[bool]) -> ColumnElement[bool]:
    """On Postgres without those that somebody is changing: whoever wants one anew makes it due, and never waits."""
    if not is_postgres(connection):
        return these
    return effects.c.id.in_(select(effects.c.id).where(these).with_for_update(skip_locked=True))
