"""Says who was reminded, and who was left out, by number and row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.failures import AnswerIsNo, OutsideFailed

if TYPE_CHECKING:
    from flows.batch.remind import Reminded

MOST_ROWS = 10


def show_reminded(done: Reminded) -> None:
    """Print the numbers. Raises `OutsideFailed` when it ended early, `AnswerIsNo` when nobody could be reminded."""
    from flows.batch.remind import NO_WAY

    print(f"{done.sent} reminders went out.")
    for why, rows in done.rows.items():
        listed = ", ".join(map(str, sorted(rows)[:MOST_ROWS])) + (" …" if len(rows) > MOST_ROWS else "")
        print(f"{len(rows)} left out, {why}: row{'s' if len(rows) > 1 else ''} {listed}")
    if done.stopped:
        raise OutsideFailed(done.stopped)
    if done.numbers[NO_WAY]:
        raise AnswerIsNo(
            "The provider cannot be told to remind, and no mail of ours is set up: name a block in ESIGN_MAIL."
        )
