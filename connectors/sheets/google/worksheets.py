"""Finds the worksheet that is meant among those of a Google spreadsheet."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gspread.utils import absolute_range_name, rowcol_to_a1

from connectors.sheets.errors import SheetError
from connectors.sheets.google.calling import Google

FIELDS = "properties(sheetId,title,sheetType,hidden,gridProperties(rowCount,columnCount)),merges"
_LISTED = 10


@dataclass(frozen=True, slots=True)
class Worksheet:
    """A worksheet by its id, with its size, cells without content included."""

    id: int
    title: str
    rows: int
    columns: int
    merges: Sequence[Mapping[str, int]] = ()
    notes: Sequence[str] = ()

    def range(self, first: tuple[int, int], last: tuple[int, int]) -> str:
        """The cells from one to the other, rows and columns from 0, as Google calls them."""
        corners = ":".join(rowcol_to_a1(row + 1, column + 1) for row, column in (first, last))
        return absolute_range_name(self.title, corners)

    def merged(self, row: int) -> str | None:
        """The first cells merged across or into this row, such as `A1:B1`."""
        for merge in self.merges:
            if merge.get("startRowIndex", 0) <= row < merge.get("endRowIndex", self.rows):
                first = rowcol_to_a1(merge.get("startRowIndex", 0) + 1, merge.get("startColumnIndex", 0) + 1)
                return f"{first}:{rowcol_to_a1(merge['endRowIndex'], merge['endColumnIndex'])}"
        return None


def find_worksheet(google: Google) -> Worksheet:
    """The one its place names, else the first that is not hidden. Raises `SheetError`."""
    answer = google.spreadsheets_get(google.place.spreadsheet, {"fields": f"sheets({FIELDS})"})
    found = [sheet for sheet in answer.get("sheets", ()) if sheet["properties"].get("sheetType", "GRID") == "GRID"]
    visible = [sheet for sheet in found if not sheet["properties"].get("hidden")]
    name = google.place.worksheet
    if name is None:
        if not visible:
            raise SheetError(f"{google.place} has no worksheet that is not hidden: show one.")
        return worksheet_of(visible[0], _others(visible))
    if gid := re.match(r"gid=(\d+)(?:&|$)", name):
        fitting = [sheet for sheet in found if sheet["properties"].get("sheetId", 0) == int(gid[1])]
    else:
        fitting = [sheet for sheet in found if sheet["properties"]["title"] == name]
    if not fitting:
        titles = ", ".join(sheet["properties"]["title"] for sheet in visible[:_LISTED])
        raise SheetError(f"{google.place}: there is no such worksheet, only: {titles}: name one of these.")
    return worksheet_of(fitting[0])


def worksheet_of(sheet: Mapping[str, Any], notes: Sequence[str] = ()) -> Worksheet:
    """The worksheet that Google describes like this."""
    properties = sheet["properties"]
    size = properties.get("gridProperties", {})
    return Worksheet(
        id=properties.get("sheetId", 0),
        title=properties["title"],
        rows=size.get("rowCount", 0),
        columns=size.get("columnCount", 0),
        merges=sheet.get("merges", ()),
        notes=notes,
    )


def _others(visible: Sequence[Mapping[str, Any]]) -> Sequence[str]:
    if len(visible) == 1:
        return ()
    title = visible[0]["properties"]["title"]
    return (
        f"The worksheet {title!r} was read, the first of {len(visible)}: add # and a worksheet's name to the address "
        "to have another one read.",
    )
