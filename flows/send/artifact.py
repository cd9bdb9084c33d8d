"""What a batch looks like on Prefect's pages: how far it is, where its rows stand, which need a person; no names."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from prefect.artifacts import acreate_progress_artifact, acreate_table_artifact, aupdate_progress_artifact

from flows.send.progress import Progress, Tell
from ledger import reading
from ledger.reading import RowStatus
from ledger.store import Ledger

EVERY_SECONDS = 3.0
LAST_WORD_SECONDS = 0.5
"""How long somebody who interrupts a sending waits for the bar's last figure, where the server does not answer."""
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


@asynccontextmanager
async def showing_progress(batch_id: str, tell: Tell) -> AsyncIterator[Tell]:
    """Pass on how a batch stands, and show it as a bar on Prefect's page, every few seconds.

    A server that does not answer holds nothing up: the bar then stays where it is. Before anything was heard there is
    no bar: what was asked for may be no batch of ours, and what somebody typed is no name for one.
    """
    newest: Progress | None = None

    def hear(now: Progress) -> None:
        nonlocal newest
        newest = now
        tell(now)

    showing = asyncio.create_task(_show_progress(batch_id, lambda: newest))
    patience = LAST_WORD_SECONDS
    try:
        yield hear
        patience = EVERY_SECONDS
    finally:
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
        if newest is not None:
            with suppress(Exception):
                async with asyncio.timeout(patience):
                    await acreate_progress_artifact(_share(newest), key=_bar_key(batch_id), description=_bar(newest))


async def _show_progress(batch_id: str, newest: Callable[[], Progress | None]) -> None:
    shown, bar = -1.0, None
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        if (now := newest()) is None or (share := _share(now)) == shown:
            continue
        with suppress(Exception):
            if bar is None:
                bar = await acreate_progress_artifact(share, key=_bar_key(batch_id), description=_bar(now))
            else:
                await aupdate_progress_artifact(bar, progress=share, description=_bar(now))
            shown = share


def _share(now: Progress) -> float:
    """Per cent of the rows this run set out to send."""
    return round(100 * now.done / now.total, 1) if now.total else 100.0


def _bar(now: Progress) -> str:
    return f"{now.done} of {now.total} rows: {now.sent} sent, {now.refused} refused, {now.unclear} unclear."


def _bar_key(batch_id: str) -> str:
    return f"{artifact_key(batch_id)}-progress"
