"""Seeded runs by the dozen: `python -m tests.chaos 1-200`, or `make chaos SEEDS=17` for one that has failed."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import time
from collections import Counter
from pathlib import Path

from tests.chaos.run import Result
from tests.chaos.suite import suite

KEPT = Path(".esign") / "chaos"


def main() -> int:
    """Run, and say of every seed how it went; 1 if one of them failed."""
    parser = argparse.ArgumentParser(
        description="Sends batches while everything fails, and looks whether they arrived once."
    )
    parser.add_argument("seeds", nargs="?", default="1-200", help="as in 17 or 1-200 or 3,5,8-13")
    parser.add_argument("--beside", type=int, default=6, help="runs side by side")
    given = parser.parse_args()
    begun = time.monotonic()
    results = asyncio.run(suite(seeds(given.seeds), KEPT.absolute(), given.beside, say))
    failed = [str(result.plan.seed) for result in results if result.problems]
    fates, ends = Counter[str](), Counter[str]()
    for result in results:
        fates += result.fates
        ends += result.ends
    print(
        f"\n{len(results)} runs in {time.monotonic() - begun:.0f} s, {len(failed)} failed; "
        f"{sum(result.plan.rows for result in results)} rows, {sum(result.calls for result in results)} calls, "
        f"{sum(result.kills for result in results)} kills, {sum(result.doubts for result in results)} times uncertain "
        f"(at most {sum(result.most_doubts for result in results)}: calls under way at each death, and unclear ones), "
        f"{sum(result.for_a_person for result in results)} rows left to a person\n"
        f"calls: {dict(fates.most_common())}\nsenders ended by themselves: {dict(ends)}"
    )
    if failed:
        print(f"To repeat: make chaos SEEDS={','.join(failed)}   (records in {KEPT}/<seed>)", file=sys.stderr)
    return 1 if failed else 0


def say(result: Result) -> None:
    """One line for a run; more for a failing one, whose records stay."""
    print(
        f"seed {result.plan.seed}: {'FAILED' if result.problems else 'fine'} in {result.seconds:.1f} s; {result.plan}; "
        f"{result.kills} killed, {result.doubts} of at most {result.most_doubts} uncertain, "
        f"{result.for_a_person} left to a person",
        flush=True,
    )
    for problem in result.problems:
        print(f"    {problem}", flush=True)
    if not result.problems:
        shutil.rmtree(KEPT / str(result.plan.seed), ignore_errors=True)


def seeds(text: str) -> list[int]:
    """`3,5,8-10` as numbers."""
    found: list[int] = []
    for part in text.replace(" ", ",").split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


if __name__ == "__main__":
    sys.exit(main())
