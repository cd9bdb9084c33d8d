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

WAYS = {"bare loop": ("--", "o"), "ours": ("-", "o"), "ours, as a flow": (":", "x")}


def draw(result: dict[str, Any], picture: Path) -> None:
    """Two curves a way and width: what a row costs, and how much memory the process held."""
    figure, (cost, memory) = pyplot.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
    for way, (style, marker) in WAYS.items():
        for width, color in ((20, "tab:blue"), (50, "tab:orange")):
            of_it = [one for one in result["ways"] if (one["way"], one["in_flight"]) == (way, width)]
            points = sorted(of_it, key=lambda one: one["rows"])
            if not points:
                continue
            rows = [one["rows"] for one in points]
            look = {"linestyle": style, "color": color, "marker": marker, "label": f"{way}, {width} in flight"}
            cost.plot(rows, [one["seconds"] / one["rows"] * 1000 for one in points], **look)
            memory.plot(rows, [one["peak_mib"] for one in points], **look)
    for axes, title in ((cost, "milliseconds a row"), (memory, "peak memory of the sending process, MiB")):
        axes.set(xscale="log", xlabel="rows", title=title)
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    figure.legend(*cost.get_legend_handles_labels(), fontsize=8, ncols=3, loc="outside lower center")
    figure.savefig(picture, dpi=110)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
