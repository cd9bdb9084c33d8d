"""`make bench`: every way of sending side by side in one run; a table, a JSON file and a plot of it.

    python -m benchmarks [--full] [--rows 1000 10000] [--quick]

`--full` adds 100,000 rows, which takes an hour or less; `--quick` is for trying the benchmark itself.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import limits
from benchmarks.stage import Figures, frozen, prefect_server, run, stub
from benchmarks.table import as_text

RESULTS = Path(__file__).parent / "results"
SECONDS = 0.05
WIDTHS = (20, 50)


def main() -> None:
    """Measure, print, write down."""
    parser = argparse.ArgumentParser(description="What sending costs, side by side.")
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 10_000], help="sizes for ours and the bare loop")
    parser.add_argument("--full", action="store_true", help="100,000 rows too")
    parser.add_argument("--quick", action="store_true", help="few rows; the figures mean nothing")
    parser.add_argument("--out", type=Path, default=RESULTS / "latest.json")
    given = parser.parse_args()
    sizes = [200] if given.quick else [*given.rows, *([100_000] if given.full else [])]
    usual = sizes[min(1, len(sizes) - 1)]
    tasks = 40 if given.quick else 300
    result = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()},
        "call_seconds": SECONDS,
        "ways": [],
        "limits": {},
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)

    def note(way: str, width: int, figures: Figures) -> None:
        result["ways"].append({"way": way, "in_flight": width} | figures)
        print(f"{way}, {width} in flight, {figures['rows']} rows: {figures['rows_per_second']:.0f} rows/s", flush=True)
        given.out.write_text(json.dumps(result, indent=1))

    with stub(SECONDS) as url:
        note("stub's own limit", 200, run("benchmarks.bare", url, 200 if given.quick else 8_000, 200))
        for width in WIDTHS:
            for rows in sizes:
                note("bare loop", width, run("benchmarks.bare", url, rows, width))
                note("ours", width, _ours("plain", url, rows, width))
        note("ours, 5 ms a commit", 20, _ours("plain", url, usual, 20, slower=0.005))
        note("ours, 5 ms a commit", 50, _ours("plain", url, usual, 50, slower=0.005))
        with prefect_server() as api:
            for width in WIDTHS:
                note("ours, as a flow", width, _ours("flow", url, usual, width, api=api))
                note("gather of tasks", width, _tasks("gather", url, tasks, width, api))
                note("one task a row", width, _tasks("submit", url, tasks, width, api))
    result["limits"] = {
        "rate": [limits.at_the_rate(100, 5 if given.quick else 30)],
        "storms": [limits.after_a_storm(5.0, None), limits.after_a_storm(5.0, 2)],
    }
    given.out.write_text(json.dumps(result, indent=1))
    print(as_text(result))
    print(f"Written to {given.out}; `make docs` puts it into docs/performance.md.")


def _ours(way: str, url: str, rows: int, width: int, *, slower: float = 0.0, api: str | None = None) -> Figures:
    with tempfile.TemporaryDirectory(prefix="esign-bench-") as home:
        batch, env = frozen(url, rows, home, in_flight=width)
        if api is not None:
            env |= {"PREFECT_API_URL": api, "PREFECT_HOME": f"{home}/prefect"}
        return run("benchmarks.ours", way, batch, rows, slower, **env)


def _tasks(way: str, url: str, rows: int, width: int, api: str) -> Figures:
    with tempfile.TemporaryDirectory(prefix="esign-bench-") as home:
        return run("benchmarks.tasks", way, url, rows, width, PREFECT_API_URL=api, PREFECT_HOME=home)


if __name__ == "__main__":
    main()
