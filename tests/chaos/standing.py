"""How a batch stands in the ledger, with every attempt: what is compared with the stub's record."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BigInteger, select, type_coerce

from ledger.schema import attempts, history, incidents, requests
from ledger.store import Ledger


@dataclass(frozen=True)
class Attempt:
    """One attempt; `began` in epoch seconds."""

    number: int
    began: float
    outcome: str | None
    provider_id: str | None = None


@dataclass(frozen=True)
class Row:
    """One request. `incidents` are the second ids the ledger has noticed, `doubts` how often it became uncertain."""

    ref: str
    state: str
    provider_id: str | None = None
    attempts: tuple[Attempt, ...] = ()
    incidents: tuple[str, ...] = ()
    doubts: int = 0
    id: str = ""


async def standing(ledger: Ledger, batch_id: str) -> list[Row]:
    """All rows of a batch, as they stand."""
    ours = select(requests.c.id).where(requests.c.batch_id == batch_id)
    async with ledger.read() as connection:
        rows = (await connection.execute(select(requests).where(requests.c.batch_id == batch_id))).mappings().all()
        tries = (
            await connection.execute(
                select(
                    attempts.c.request_id,
                    attempts.c.number,
                    attempts.c.outcome,
                    attempts.c.provider_id,
                    type_coerce(attempts.c.started_at, BigInteger).label("began"),
                )
                .where(attempts.c.request_id.in_(ours))
                .order_by(attempts.c.number)
            )
        ).all()
        noticed = (
            await connection.execute(
                select(incidents.c.request_id, incidents.c.provider_id).where(incidents.c.request_id.in_(ours))
            )
        ).all()
        doubts = (
            await connection.execute(
                select(history.c.request_id).where(history.c.request_id.in_(ours), history.c.what == "uncertain")
            )
        ).all()
    return [
        Row(
            id=row["id"],
            ref=row["ref"],
            state=row["state"],
            provider_id=row["provider_id"],
            attempts=tuple(
                Attempt(one.number, one.began / 1000, one.outcome, one.provider_id)
                for one in tries
                if one.request_id == row["id"]
            ),
            incidents=tuple(one.provider_id for one in noticed if one.request_id == row["id"]),
            doubts=sum(one.request_id == row["id"] for one in doubts),
        )
        for row in rows
    ]
