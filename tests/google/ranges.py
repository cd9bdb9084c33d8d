"""Places in a spreadsheet: A1 notation in, boxes of cells, A1 notation out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from gspread.exceptions import IncorrectCellLabel
from gspread.utils import a1_range_to_grid_range, rowcol_to_a1

from tests.google.errors import Refused


@dataclass(frozen=True)
class Box:
    """Rows and columns from zero, the ends not included, inside the grid."""

    top: int
    left: int
    bottom: int
    right: int
    one_cell: bool = False
    """Whether a single cell was named, which is where a write begins and not how far it may reach."""


def split(text: str) -> tuple[str | None, str | None]:
    """The worksheet's title, and what is behind the exclamation mark."""
    if found := re.fullmatch(r"'((?:[^']|'')+)'(?:!(.*))?", text):
        return found[1].replace("''", "'"), found[2]
    if "'" in text.partition("!")[0]:
        raise Refused(f"Unable to parse range: {text}")
    title, mark, cells = text.rpartition("!")
    return (title, cells) if mark else (None, text)


def grid_range(cells: str) -> dict[str, int] | None:
    """None where it is no A1 notation."""
    try:
        return a1_range_to_grid_range(cells.replace("$", "").upper())
    except (IncorrectCellLabel, ValueError):
        return None


def box(limits: dict[str, Any], rows: int, columns: int, title: str) -> Box:
    """A grid range cut to the grid. One that begins outside is refused; one that only ends there is not."""
    top, left = limits.get("startRowIndex", 0), limits.get("startColumnIndex", 0)
    bottom, right = limits.get("endRowIndex"), limits.get("endColumnIndex")
    if min(top, left) < 0 or (bottom is not None and bottom < top) or (right is not None and right < left):
        raise Refused(f"Invalid range: {limits}")
    if top >= rows or left >= columns:
        named = f"{quoted(title)}!{a1(top, left, bottom, right)}"
        raise Refused(f"Range ({named}) exceeds grid limits. Max rows: {rows}, max columns: {columns}")
    one = (bottom, right) == (top + 1, left + 1)
    return Box(top, left, min(rows, rows if bottom is None else bottom), min(columns, right or columns), one)


def a1(top: int, left: int, bottom: int | None, right: int | None) -> str:
    start = rowcol_to_a1(top + 1, left + 1)
    if (bottom, right) == (top + 1, left + 1):
        return start
    column = "" if right is None else re.sub(r"\d", "", rowcol_to_a1(1, right))
    return f"{start}:{column}{'' if bottom is None else bottom}"


def named(title: str, place: Box) -> str:
    return f"{quoted(title)}!{a1(place.top, place.left, place.bottom, place.right)}"


def quoted(title: str) -> str:
    """Google puts a title in quotes only where it must."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", title) and not re.fullmatch(r"[A-Za-z]{1,3}\d+", title):
        return title
    return "'" + title.replace("'", "''") + "'"
