"""A run's figures as tables: plain text for the terminal, Markdown for docs/performance.md.

python -m benchmarks.table RESULT.json PAGE.md       prints the figures into the page, between its two marks
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- figures: printed by `make docs` -->", "<!-- end of figures -->"
HEAD = ("way", "in flight", "rows", "rows/s", "of the bare loop", "CPU s", "CPU ms/row", "peak MiB", "commits/row",
        "ms/row after 1st chunk")  # fmt: skip
Result = dict[str, Any]


def lines(result: Result) -> list[Sequence[str]]:
    """One line for each measurement."""
    bare = {(one["in_flight"], one["rows"]): one for one in result["ways"] if one["way"] == "bare loop"}
    largest = {width: one for (width, _), one in sorted(bare.items())}
    told = []
    for one in result["ways"]:
        limit = bare.get((one["in_flight"], one["rows"])) or largest.get(one["in_flight"])
        ratio = f"{one['rows_per_second'] / limit['rows_per_second']:.2f}" if limit else ""
        told.append((
            one["way"], str(one["in_flight"]), f"{one['rows']:,}", f"{one['rows_per_second']:.0f}", ratio,
            _both(one, "cpu_seconds", ".1f"), f"{one['cpu_seconds'] / one['rows'] * 1000:.2f}",
            _both(one, "peak_mib", ".0f"),
            _if(one, "commits_a_row", ".3f"), _if(one, "later_ms_a_row", ".2f"),
        ))  # fmt: skip
    return told


def sentences(result: Result) -> list[str]:
    """What else was measured."""
    told = []
    for one in result["limits"].get("rate", ()):
        told.append(
            f"Of {one['allowed_per_second']} calls a second that the provider allows, {one['used']:.1%} were used "
            f"(measured at the provider; {one['refused']} calls came too soon and were refused)."
        )
    for one in result["limits"].get("storms", ()):
        how = "without `Retry-After`" if one["retry_after"] is None else f"with `Retry-After: {one['retry_after']}`"
        back = one["back_after_seconds"]
        after = "was not back within 19 s" if back is None else f"was back {back:.1f} s after its end"
        told.append(
            f"After {one['storm_seconds']:.0f} s of nothing but 429 {how}, nine tenths of the speed {after} "
            f"({one['refused']} calls refused)."
        )
    return told


def as_text(result: Result) -> str:
    """For the terminal."""
    rows = [HEAD, *lines(result)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*table, *sentences(result)])


def as_markdown(result: Result) -> str:
    """For the page."""
    rows = [HEAD, ["---"] * len(HEAD), *lines(result)]
    machine = result["machine"]
    where = f"{result['at'][:10]}, {machine['cores']} cores, Python {machine['python']}, {machine['system']}"
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    told = "\n".join(f"* {sentence}" for sentence in sentences(result))
    return f"Measured {where}; a call takes {result['call_seconds'] * 1000:.0f} ms.\n\n{table}\n\n{told}\n"


def _both(one: Result, name: str, how: str) -> str:
    """Of the sending process, and after a plus sign of the process beside it that writes the sheet."""
    return " + ".join(format(one[which], how) for which in (name, f"beside_{name}") if which in one)


def _if(one: Result, name: str, how: str) -> str:
    return format(one[name], how) if name in one else ""


if __name__ == "__main__":
    page = Path(sys.argv[2])
    text = page.read_text()
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n\n{as_markdown(json.loads(Path(sys.argv[1]).read_text()))}\n{END}{after}")
