"""How long the questions take that commands and flows ask all the time, against a ledger of any size.

    python -m benchmarks.questions FILE-OR-URL [--explain]

Make one with `python -m benchmarks.large_ledger`. The slowest of three is printed, so that the first counts too.
`--explain` shows how the database answers whatever takes longer than 50 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event

from cli.troubles import troubles
from ledger import batches, expiring, inbox, outbox, planning, reminding, settling
from ledger.batches import Batch
from ledger.overview import overview
from ledger.store import Ledger

SLOW = 0.05
Asked = list[tuple[str, Any]]


def questions(ledger: Ledger, newest: Batch) -> dict[str, Callable[[], Awaitable[object]]]:
    """Each by its name."""
    keys = [f"person{1_000_000_000 + number}@example.com" for number in range(1, 13)]
    account = (newest.provider, newest.account, newest.mode)
    now = datetime.now(UTC)
    return {
        "batch": lambda: batches.batch(ledger, newest.id),
        "batches": lambda: batches.batches(ledger, 20),
        "counts": lambda: batches.counts(ledger, newest.id),
        "planned, 500 rows": lambda: batches.planned(ledger, newest.id, range(2, 502)),
        "overview": lambda: overview(ledger, newest.id, 50),
        "troubles": lambda: troubles(ledger),
        "known, 12 keys": lambda: planning.known(ledger, "test", newest.campaign, keys),
        "marked, 12 ids": lambda: planning.marked(ledger, [f"req_00000000000000001{n:09}" for n in range(12)]),
        "seconds until due": lambda: planning.seconds_until_due(ledger, newest.id),
        "work waiting": lambda: inbox.work_waiting(ledger),
        "take": lambda: inbox.take(ledger, 500),
        "last received": lambda: inbox.last_received(ledger, "lumin", "nobody"),
        "due reminders": lambda: reminding.due_reminders(ledger, now, 100),
        "overdue": lambda: expiring.overdue(ledger, now, ["esignatures"]),
        "unclear": lambda: settling.unclear(ledger, *account),
        "known good": lambda: settling.known_good(ledger, *account),
        "known good, new account": lambda: settling.known_good(ledger, newest.provider, "nobody", "live"),
        "live claims": lambda: settling.live_claims(ledger, newest.id),
        "sheets due, 500": lambda: outbox.due(ledger, "sheet", 500),
        "stuck": lambda: outbox.stuck(ledger),
    }


async def ask(url: str) -> dict[str, tuple[float, Asked]]:
    """Seconds of each question, the slowest of three, and what it asked the database."""
    answers: dict[str, tuple[float, Asked]] = {}
    asked: Asked = []
    async with await Ledger.open(url) as ledger:
        engine = ledger._engine.sync_engine

        @event.listens_for(engine, "before_cursor_execute")
        def listen(_: Any, __: Any, statement: str, values: Any, ___: Any, many: bool) -> None:
            asked.append((statement, values))

        (newest,) = await batches.batches(ledger, 1)
        for name, question in questions(ledger, newest).items():
            asked.clear()
            took = []
            for _ in range(3):
                begun = time.perf_counter()
                await question()
                took.append(time.perf_counter() - begun)
            answers[name] = max(took), asked[: len(asked) // 3]
    return answers


async def explain(url: str, asked: Asked) -> list[str]:
    """How the database goes about it; SQLite's intentions, Postgres' doings."""
    lines = []
    async with await Ledger.open(url) as ledger, ledger.read() as connection:
        lite = connection.dialect.name == "sqlite"
        for statement, values in asked:
            word = "EXPLAIN QUERY PLAN" if lite else "EXPLAIN (ANALYZE, BUFFERS)"
            plan = await connection.exec_driver_sql(f"{word} {statement}", values)
            lines += [f"    {statement[:120]!r}", *(f"      {line[-1]}" for line in plan)]
    return lines


def main() -> None:
    """Ask, and print."""
    parser = argparse.ArgumentParser(description="How long a large ledger's answers take.")
    parser.add_argument("where", help="a file, or a SQLAlchemy address")
    parser.add_argument("--explain", action="store_true")
    given = parser.parse_args()
    url = given.where if "://" in given.where else f"sqlite+aiosqlite:///{Path(given.where).absolute()}"
    for name, (seconds, asked) in asyncio.run(ask(url)).items():
        print(f"{name:>24}: {seconds * 1000:8.1f} ms", flush=True)
        if given.explain and seconds > SLOW:
            print("\n".join(asyncio.run(explain(url, asked))))


if __name__ == "__main__":
    main()
