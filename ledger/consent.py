"""Consent to what goes out for real without anybody at hand: asked for once a sheet, recipe, campaign and account."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, select

from ledger.drafts import BatchDraft
from ledger.gates import Gate, waits
from ledger.schema import batches, gates
from ledger.sql import among, now_ms
from ledger.store import Ledger

ALIKE = ("sheet", "recipe", "campaign", "provider", "account", "mode", "base_url", "fingerprint")
"""What a yes is good for; another key, another campaign or another file is asked about again."""


async def given(ledger: Ledger, draft: BatchDraft) -> bool:
    """Whether a person has said yes to a batch like this one, of which nothing had gone out before."""
    said = exists().where(*_questions(draft), gates.c.answer == "yes")
    async with ledger.read() as connection:
        return bool((await connection.execute(select(said))).scalar_one())


async def waiting_for(ledger: Ledger, draft: BatchDraft, hours: float) -> str | None:
    """The batch like this one about which a person is being asked; a question as old as that is asked no longer."""
    young = gates.c.asked_at > now_ms() - round(hours * 3_600_000)
    asked = select(batches.c.id).where(*_questions(draft), *_open_question(), young).order_by(batches.c.id.desc())
    async with ledger.read() as connection:
        return (await connection.execute(asked.limit(1))).scalar_one_or_none()


async def run_out(ledger: Ledger, batch_ids: Collection[str], hours: float) -> set[str]:
    """Those of these batches that are closed by nothing but a question which nobody has answered in time."""
    old = gates.c.asked_at <= now_ms() - round(hours * 3_600_000)
    async with ledger.read() as connection:
        of_them = (among(connection, batches.c.id, sorted(batch_ids)), gates.c.batch_id == batches.c.id)
        columns = (batches.c.id, batches.c.paused_because)
        closed = select(*columns).where(*of_them, gates.c.last_row == 0, *_open_question(), old)
        rows = (await connection.execute(closed)).all()
    return {row.id for row in rows if row.paused_because == waits(Gate(batch_id=row.id, run_id=None, last_row=0))}


def _questions(draft: BatchDraft) -> Iterable[ColumnElement[bool]]:
    alike: list[Any] = [batches.c[name] == getattr(draft, name) for name in ALIKE]
    return (and_(*alike), gates.c.batch_id == batches.c.id, gates.c.last_row == 0)


def _open_question() -> Iterable[ColumnElement[bool]]:
    return (gates.c.asked_at.is_not(None), gates.c.answer.is_(None), batches.c.state == "held")
