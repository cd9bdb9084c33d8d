"""Ours: a frozen batch, sent from a ledger on disk with every intent and every outcome durable.

    python -m benchmarks.ours freeze ROWS                prints the batch's id; ESIGN_HOME says where
    python -m benchmarks.ours plain|flow BATCH ROWS [SECONDS]

`plain` calls `run_batch`, `flow` runs the flow `send-batch` on the Prefect server that PREFECT_API_URL names. SECONDS
are added to every commit, for a disk that takes its time. The account is `default` of the environment.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import Engine, event

from benchmarks.measuring import Meter, tell
from benchmarks.rows import HEADER, MARKDOWN, line
from blocks.accounts import account_settings
from connectors.signing.model import Document, SignatureRequest, Signer
from flows.events.writeback import keys_by
from flows.send.job import run_batch
from flows.send.prepare import fingerprint
from ledger import planning
from ledger.drafts import BatchDraft, RowDraft
from ledger.settings import Settings, load_settings
from ledger.store import Ledger

NAMES = HEADER.strip().split(",")


async def freeze(rows: int, account: str = "default") -> str:
    """Write the sheet, and the plan for all its rows into the ledger."""
    settings = load_settings()
    sheet = settings.home / "people.csv"
    sheet.parent.mkdir(parents=True, exist_ok=True)
    with sheet.open("w") as file:
        file.write(HEADER)
        file.writelines(line(number) for number in range(rows))
    known = await account_settings("esignatures", account)
    key_of = keys_by("nda")
    draft = BatchDraft(
        recipe="nda", campaign="benchmark", provider="esignatures", account=account, mode="test", sheet=str(sheet),
        hash="0" * 64, base_url=known.base_url, fingerprint=fingerprint(known),
        rows=tuple(_row(number, key_of) for number in range(rows)),
    )  # fmt: skip
    async with await Ledger.open(settings.ledger_url) as ledger:
        return (await planning.freeze(ledger, draft)).batch_id


def _row(number: int, key_of: Callable[[dict[str, str]], str | None]) -> RowDraft:
    request = SignatureRequest(
        title=f"Agreement {number}",
        document=Document(markdown=MARKDOWN),
        signers=(Signer(role="signer", name=f"Signer {number}", email=f"person{number}@example.com"),),
    )
    cells = dict(zip(NAMES, line(number).strip().split(","), strict=True))
    return RowDraft(row=number + 2, key=key_of(cells) or "", request=request, archive_name=f"{number}.pdf")


class Commits:
    """Counts the commits of this process, and makes each take longer if asked to."""

    def __init__(self, seconds: float) -> None:
        self.number = 0
        self._seconds = seconds
        event.listen(Engine, "commit", self._one)

    def _one(self, _: object) -> None:
        self.number += 1
        if self._seconds:
            time.sleep(self._seconds)


async def plain(batch: str, rows: int, slower: float) -> dict[str, Any]:
    """`run_batch` and nothing around it."""
    settings: Settings = load_settings()
    async with await Ledger.open(settings.ledger_url) as ledger:
        commits, meter = Commits(slower), Meter()

        async def chunk(_: int, work: Callable[[], Awaitable[int]]) -> int:
            sent = await work()
            meter.mark(sent)
            return sent

        outcome = await run_batch(ledger, batch, settings, chunk=chunk)
        figures = meter.read(rows, commits_a_row=commits.number / rows)
    assert outcome.sent == rows, outcome
    return figures


async def in_flow(batch: str, rows: int, slower: float) -> dict[str, Any]:
    """The flow, whose chunks are task runs."""
    from flows.send.flow import send_batch

    commits, meter = Commits(slower), Meter()
    state = await send_batch(batch=batch, return_state=True)
    figures = meter.read(rows, commits_a_row=commits.number / rows)
    assert state.is_completed(), state.message
    return figures


def main() -> None:
    """Do what is asked."""
    if sys.argv[1] == "freeze":
        import asyncio

        print(asyncio.run(freeze(int(sys.argv[2]))))
        return
    way = {"plain": plain, "flow": in_flow}[sys.argv[1]]
    slower = float(sys.argv[4]) if len(sys.argv) > 4 else 0.0
    tell(lambda: way(sys.argv[2], int(sys.argv[3]), slower))


if __name__ == "__main__":
    main()
