"""What `esign plan` costs over long sheets, beside the loop that reads the same sheet and fills in the same document.

    python -m benchmarks.planning [--rows 1000 10000 100000] [--workbook 20000] [--repeat 3] [--out FILE]

Each is a process of its own, measured whole, from its start to its last line; the quickest of several runs counts. The
loop is what somebody would write otherwise: `csv.DictReader` (openpyxl for a workbook), a key in a set, and Jinja; it
checks nothing and remembers nothing.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.stage import PROJECT, clean

HEADER = (
    "company", "signer_name", "signer_title", "signer_email", "our_company", "our_name", "our_email",
    "purpose", "years",
)  # fmt: skip
LOOP = """
import csv, sys
from pathlib import Path
from jinja2 import Environment
def rows(path):
    if path.endswith(".csv"):
        yield from csv.DictReader(open(path, newline="", encoding="utf-8"))
    else:
        import openpyxl
        lines = openpyxl.load_workbook(path, read_only=True, data_only=True).active.iter_rows(values_only=True)
        header = next(lines)
        yield from (dict(zip(header, line)) for line in lines)
environment = Environment()
title = environment.from_string("Confidentiality agreement between {{ our_company }} and {{ company }}")
document = environment.from_string(Path(sys.argv[1]).read_text(encoding="utf-8"))
seen, length = set(), 0
for row in rows(sys.argv[2]):
    seen.add((row["company"], row["signer_email"]))
    length += len(title.render(row)) + len(document.render(row))
print(len(seen), "rows,", length, "characters")
"""


def people(count: int) -> Iterator[list[str]]:
    """So many made-up rows of the recipe `nda`."""
    for at in range(1, count + 1):
        yield [
            f"Example Company {at:06}", f"Signer {at}", "Head of Purchasing", f"person{at:06}@example.com",
            "Example Company 000000", "Signer Zero", "person000000@example.com", "a joint pilot project", "3",
        ]  # fmt: skip


def sheet(folder: Path, count: int, ending: str) -> Path:
    """A sheet of so many rows; made before anything is measured."""
    path = folder / f"people{count}.{ending}"
    if ending == "csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([list(HEADER), *people(count)])
        return path
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        page = book.add_worksheet("People")
        for at, row in enumerate([list(HEADER), *people(count)]):
            page.write_row(at, 0, row)
    return path


def measured(command: list[str], env: dict[str, str]) -> dict[str, float]:
    """Seconds, seconds of processor and MiB at its peak that this command takes."""
    begun = time.perf_counter()
    running = subprocess.Popen(command, env=env, cwd=PROJECT, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(running.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}.")
    return {
        "seconds": time.perf_counter() - begun,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak_mib": used.ru_maxrss / 1024,
    }


def main() -> None:
    """Measure, print a table, and write the figures if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="*", default=[1000, 10_000, 100_000])
    parser.add_argument("--workbook", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        env = clean() | {
            "ESIGN_HOME": str(folder / "home"),
            "ESIGN_ESIGNATURES_API_TOKEN": "made-up-token",
            "ESIGN_ESIGNATURES_BASE_URL": "http://127.0.0.1:9/api",
        }
        for count, ending in [*((count, "csv") for count in asked.rows), (asked.workbook, "xlsx")]:
            path = sheet(folder, count, ending)
            plan = [str(Path(sys.executable).with_name("esign")), "plan", "nda", str(path), "--account", "default"]
            loop = [sys.executable, "-c", LOOP, str(PROJECT / "recipes/nda/document.md"), str(path)]
            for name, command in {"esign plan": plan, "bare loop": loop}.items():
                runs = [measured(command, env) for _ in range(asked.repeat)]
                best = min(runs, key=lambda one: one["seconds"])
                results.append({"what": name, "rows": count, "sheet": ending, **best})
    show(results)
    if asked.out:
        asked.out.write_text(json.dumps(results, indent=2) + "\n")


def show(results: list[dict[str, Any]]) -> None:
    """The table, and what one row more costs in long sheets against short ones."""
    print(f"{'':12}{'sheet':>6}{'rows':>9}{'seconds':>9}{'CPU s':>8}{'MiB':>6}{'of the loop':>13}")
    loops = {(one["sheet"], one["rows"]): one["seconds"] for one in results if one["what"] == "bare loop"}
    for one in results:
        ratio = one["seconds"] / loops[one["sheet"], one["rows"]]
        print(
            f"{one['what']:12}{one['sheet']:>6}{one['rows']:>9,}{one['seconds']:>9.2f}{one['cpu_seconds']:>8.2f}"
            f"{one['peak_mib']:>6.0f}{ratio:>13.1f}"
        )
    ours = [one for one in results if one["what"] == "esign plan" and one["sheet"] == "csv"]
    steps = [
        (few["rows"], many["rows"], (many["cpu_seconds"] - few["cpu_seconds"]) / (many["rows"] - few["rows"]) * 1000)
        for few, many in pairwise(ours)
    ]
    for few, many, cost in steps:
        print(f"One row more, between {few:,} and {many:,}: {cost:.3f} ms of a processor ({cost / steps[0][2]:.2f}).")


if __name__ == "__main__":
    main()
