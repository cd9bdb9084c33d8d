"""Puts many cells into few calls: neighbours become one range, and no call is larger than Google likes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from connectors.sheets.google.worksheets import Worksheet

LARGEST = 1_500_000
"""Bytes of a call; Google recommends 2 MB at most [limits]."""
_TALLEST = 500
"""Rows of one range, so that a portion can end behind any of them."""

Cells = Mapping[int, Mapping[int, str]]
"""Rows with their cells, both by number from 0."""


def portions(worksheet: Worksheet, cells: Cells) -> Iterator[list[dict[str, Any]]]:
    """The `data` of one call each. Values are strings, never null: what is not named is not in any range."""
    portion: list[dict[str, Any]] = []
    size = 0
    for one in _ranges(worksheet, cells):
        length = len(json.dumps(one))
        if portion and size + length > LARGEST:
            yield portion
            portion, size = [], 0
        portion.append(one)
        size += length + 2
    if portion:
        yield portion


def _ranges(worksheet: Worksheet, cells: Cells) -> Iterator[dict[str, Any]]:
    """Rectangles without holes; those of one width below one another are one."""
    by_span: dict[tuple[int, int], list[int]] = {}
    for row in sorted(cells):
        for first, last in _spans(sorted(cells[row])):
            by_span.setdefault((first, last), []).append(row)
    for (first, last), rows in by_span.items():
        for start, end in _spans(rows):
            for top in range(start, end + 1, _TALLEST):
                bottom = min(top + _TALLEST - 1, end)
                texts = [[cells[row][at] for at in range(first, last + 1)] for row in range(top, bottom + 1)]
                yield {"range": worksheet.range((top, first), (bottom, last)), "values": texts}


def _spans(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of numbers without a gap."""
    for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run]
        yield members[0], members[-1]
