"""The cost against the rows as a picture: milliseconds a row and peak memory, ours beside the bare loop.

python -m benchmarks.plot RESULT.json PICTURE.png        (matplotlib comes with the extra `bench`)
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

WAYS = {"bare loop": "--", "ours": "-", "ours, as a flow": ":"}


def draw(result: dict[str, Any], picture: Path) -> None:
    """Two curves a way and width: what a row costs, and how much memory the process held."""
    figure, (cost, memory) = pyplot.subplots(1, 2, figsize=(11, 4.2))
    for way, style in WAYS.items():
        for width, color in ((20, "tab:blue"), (50, "tab:orange")):
            of_it = [one for one in result["ways"] if (one["way"], one["in_flight"]) == (way, width)]
            points = sorted(of_it, key=lambda one: one["rows"])
            if not points:
                continue
            rows = [one["rows"] for one in points]
            look = {"linestyle": style, "color": color, "marker": "o", "label": f"{way}, {width} in flight"}
            cost.plot(rows, [one["seconds"] / one["rows"] * 1000 for one in points], **look)
            memory.plot(rows, [one["peak_mib"] for one in points], **look)
    for axes, title in ((cost, "milliseconds a row"), (memory, "peak memory, MiB")):
        axes.set(xscale="log", xlabel="rows", title=title)
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    cost.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(picture, dpi=110)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
