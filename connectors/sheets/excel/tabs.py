"""Chooses the worksheet that is meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connectors.sheets.errors import SheetError
from connectors.sheets.places import Place

_LISTED = 10


@dataclass(frozen=True, slots=True)
class Tab:
    """One worksheet of a workbook."""

    name: str
    part: str
    """Where it is kept."""
    visible: bool


def choose(tabs: Sequence[Tab], place: Place, is_blank: Callable[[Tab], bool]) -> tuple[Tab, tuple[str, ...]]:
    """The worksheet this place names, or the first visible one; and what its owner should know about the choice."""
    if place.worksheet is not None:
        for tab in tabs:
            if tab.name == place.worksheet:
                return tab, ()
        raise SheetError(f"{place.path} has no worksheet {place.worksheet!r}: it has {_listed(tabs)}.")
    visible = [tab for tab in tabs if tab.visible]
    if not visible:
        raise SheetError(f"{place.path} has no worksheet that is visible: show the one with the rows.")
    first, *others = visible
    other = next((tab for tab in others if not is_blank(tab)), None)
    if other is None:
        return first, ()
    return first, (
        f"Read the worksheet {first.name!r}, the first one: another is named like {place.path.name}#{other.name}.",
    )


def _listed(tabs: Sequence[Tab]) -> str:
    names = [repr(tab.name) for tab in tabs]
    return ", ".join(names[:_LISTED]) + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")
