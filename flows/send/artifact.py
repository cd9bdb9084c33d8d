"""What a batch looks like on Prefect's pages: how many rows stand where, and which ones need a person; no names."""

from __future__ import annotations

from typing import Any

from prefect.artifacts import acreate_table_artifact

from ledger import reading
from ledger.reading import RowStatus
from ledger.store import Ledger

MOST = 200
NEEDS_A_PERSON = ("refused", "failed", "uncertain", "declined", "expired")


async def show_batch(ledger: Ledger, batch_id: str) -> None:
    """Write the batch's table; the same key each time, so Prefect's page shows the newest."""
    rows = await reading.rows(ledger, batch_id)
    await acreate_table_artifact(table=table(rows), key=artifact_key(batch_id), description=summary(batch_id, rows))


def table(rows: list[RowStatus]) -> list[dict[str, Any]]:
    """Row numbers and ids of what did not simply go through; nothing of what stands in the rows."""
    return [
        {"row": row.row, "request": row.request_id or "", "state": str(row.state)}
        for row in rows
        if row.state in NEEDS_A_PERSON
    ][:MOST]


def summary(batch_id: str, rows: list[RowStatus]) -> str:
    """The batch's numbers as a sentence."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[str(row.state)] = counts.get(str(row.state), 0) + 1
    numbers = ", ".join(f"{count} {state}" for state, count in counts.items()) or "no rows"
    return f"Batch {batch_id}: {numbers}. Below are the rows that need a look; their problems stand in the sheet."


def artifact_key(batch_id: str) -> str:
    """Prefect takes lower-case letters, digits and dashes."""
    return batch_id.lower().replace("_", "-")
