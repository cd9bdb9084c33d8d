"""A batch on its way: a bar on a terminal, plain lines elsewhere, and one closing sentence."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cli.failures import AnswerIsNo, OutsideFailed

if TYPE_CHECKING:
    from flows.send.progress import Progress, Tell
    from ledger.store import Ledger

LINES = 10
"""How many plain lines a whole batch is worth where there is no terminal."""


async def sent_with_progress(
    ledger: Ledger,
    batch_id: str,
    *,
    rows: Sequence[int],
    limit: int | None,
    total: int,
    confirm_live: int | None,
    canary: int | None = None,
) -> None:
    """Run the flow `send-batch` in this process and say how it ended; after a canary the batch waits for a person.

    Raises `AnswerIsNo` when rows were refused, are unclear or left over, or a person paused the batch meanwhile,
    `OutsideFailed` when the batch paused itself.
    """
    # Before Prefect is imported: its own lines would tear the bar apart, and the run's page has them.
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")
    from flows.send.flow import WAITS, listening, send_batch
    from flows.send.leaving import leaving_in_time

    with _bar(total) as tell, listening(tell):
        state = await leaving_in_time(
            send_batch(
                batch=batch_id,
                rows=list(rows) or None,
                limit=limit,
                confirm_live=confirm_live,
                canary=canary,
                return_state=True,
            )
        )
    if not state.is_completed() and state.name != "Paused itself":
        raise OutsideFailed(f"The batch stopped: {state.message} Send again to go on.")
    waits = state.name == WAITS
    await conclude(ledger, batch_id, whole=not rows and limit is None and not waits, waits=waits)


async def conclude(ledger: Ledger, batch_id: str, *, whole: bool, waits: bool = False) -> None:
    """Say how the batch stands; `whole` if every row was meant to go out, so that one left over is not what was asked.

    `waits`: the first rows alone were meant to, and the batch waits for a person as it should. Raises as
    `sent_with_progress` does.
    """
    from ledger import batches, planning, sending

    counts = await sending.counts(ledger, batch_id)
    found = await batches.batch(ledger, batch_id)
    print(f"Batch {batch_id}: " + ", ".join(f"{number} {state}" for state, number in counts.items() if number))
    held = found is not None and found.state == "held"
    if found is not None and found.paused_because and not held:
        raise OutsideFailed(f"The batch paused itself: {found.paused_because}")
    said = []
    if found is not None and held and waits:
        print(found.paused_because)
    elif found is not None and held:
        said.append(f"The batch is paused. {found.paused_because}")
    if failed := counts.get("failed"):
        said.append(
            f"The provider refused {failed} rows; `esign status {batch_id}` says why. `esign batch resend {batch_id}` "
            "sends them anew as they are, --again with what the sheet says now."
        )
    if uncertain := counts.get("uncertain"):
        said.append(
            f"{uncertain} rows may or may not have been sent and are never sent again blindly; "
            "send the sheet again later to have them looked up, or see `esign status`."
        )
    if whole and not held and (planned := counts.get("planned")):
        wait = await planning.seconds_until_due(ledger, batch_id)
        when = f" in {wait:.0f} s, when the provider wants to be asked again" if wait >= 1 else ""
        said.append(f"{planned} rows are not sent yet; the same command goes on with them{when}.")
    if said:
        raise AnswerIsNo(" ".join(said))


@contextmanager
def _bar(total: int) -> Iterator[Tell]:
    logging.getLogger("prefect").setLevel(logging.ERROR)
    if not sys.stdout.isatty():
        yield _lines(total)
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        """Rows a second, lately."""

        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed:.0f} rows/s" if speed >= 10 else f"{speed:.1f} rows/s")

    with Progress(
        TextColumn("Sending"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    ) as bar:
        line = bar.add_task("", total=total)
        yield lambda now: bar.update(line, completed=now.done, total=now.total, description=now.note or "")


def _lines(total: int) -> Tell:
    step = max(1, total // LINES)
    said = 0
    noted: str | None = None

    def tell(now: Progress) -> None:
        nonlocal said, noted
        if now.note and now.note != noted:
            noted = now.note
            print(now.note, flush=True)
        if now.done >= said + step or (now.done == now.total != said):
            said = now.done
            print(
                f"{now.done} of {now.total}: {now.sent} sent, {now.refused} refused, {now.unclear} unclear", flush=True
            )

    return tell
