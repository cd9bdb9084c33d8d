"""How a provider's limits are kept and used: its rate, and what follows a time in which it refused everything.

The provider's own record counts: calls taken in each tenth of a second, by the clock of the stub.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from benchmarks.stage import PROJECT, Figures, ask, clean, frozen, stub

WIDTH = 50


def at_the_rate(rate: int, seconds: int) -> Figures:
    """An account whose `rate` is what the provider allows, which is less than we could send."""
    rows = rate * seconds
    with stub(0.05) as url, tempfile.TemporaryDirectory() as home:
        ask(f"{url}/manners", {"rate": rate})
        batch, env = frozen(url, rows, home, in_flight=WIDTH, rate=rate)
        with _sending(batch, rows, env) as process:
            process.wait(timeout=seconds * 10 + 60)
        record = ask(f"{url}/record")
    took = {int(tenth): number for tenth, number in record["took"].items()}
    middle = range(min(took) + 20, max(took) - 10)  # without the lone first row, and the last few
    used = sum(took.get(tenth, 0) for tenth in middle) / (len(middle) / 10) / rate
    return {"allowed_per_second": rate, "used": used, "refused": sum(record["refused"].values()), "rows": rows}


def after_a_storm(seconds: float, retry_after: int | None) -> Figures:
    """The provider answers 429 to everything for so long; seconds from its end until the speed of before is back."""
    rows, rate = 12_000, 200
    with stub(0.05) as url, tempfile.TemporaryDirectory() as home:
        batch, env = frozen(url, rows, home, in_flight=WIDTH, rate=rate)
        with _sending(batch, rows, env) as process:
            _until(lambda: sum(ask(f"{url}/record")["took"].values()) > rate * 4)
            ask(f"{url}/manners", {"storm_seconds": seconds, "retry_after": retry_after})
            ends = ask(f"{url}/record")["now"] + round(seconds * 10)
            time.sleep(seconds + 20)
            record = ask(f"{url}/record")
            process.terminate()
            process.wait(30)
    took = {int(tenth): number for tenth, number in record["took"].items()}
    back = next((start for start in range(ends, ends + 190) if _a_second(took, start) >= 0.9 * rate), None)
    return {"storm_seconds": seconds, "retry_after": retry_after, "refused": sum(record["refused"].values()),
            "back_after_seconds": None if back is None else (back - ends) / 10}  # fmt: skip


def _a_second(took: dict[int, int], start: int) -> int:
    return sum(took.get(tenth, 0) for tenth in range(start, start + 10))


def _sending(batch: str, rows: int, env: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "benchmarks.ours", "plain", batch, str(rows)]
    return subprocess.Popen(command, cwd=PROJECT, env=clean() | env, stdout=subprocess.DEVNULL)


def _until(there: Callable[[], bool]) -> None:
    for _ in range(300):
        if there():
            return
        time.sleep(0.2)
    raise TimeoutError("The sending does not get going.")
