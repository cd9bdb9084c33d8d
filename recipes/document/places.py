"""Draws the places where signers write, and says which fields they are."""

from __future__ import annotations

from connectors.signing.anchors import WORDS, Anchor
from connectors.signing.model import FieldKind, PlacedField
from recipes.document.paper import GREY, WHITE, Paper, Place, shown
from recipes.document.sizes import SIZES

_WORD = {kind: word for word, kind in WORDS.items()}
_CAPTIONS = {FieldKind.SIGNATURE: "Signature", FieldKind.INITIALS: "Initials", FieldKind.DATE: "Date"}
_BELOW = 0.6  # mm from the line that text stands on to the one that is drawn


def draw_places(paper: Paper) -> tuple[PlacedField, ...]:
    """Draw a line, or a box to tick, at each place of the finished text, and the anchor itself in the paper's colour,
    so that it can be found again. The fields are in the order of the text."""
    for place in paper.places:
        paper.turn_to(place.page)
        paper.set_draw_color(*GREY)
        paper.set_line_width(0.2)
        if place.anchor.kind is FieldKind.CHECKBOX:
            side = SIZES[FieldKind.CHECKBOX].height - 0.8
            paper.rect(place.x, place.y + _BELOW - side, side, side)
        else:
            paper.line(place.x, place.y + _BELOW, place.x + place.width, place.y + _BELOW)
            if place.alone:
                _fitting(paper, place, shown(place.anchor.label or _CAPTIONS.get(place.anchor.kind, "")), 7, 3.2, GREY)
        _fitting(paper, place, shown(_written(place.anchor)), 4, 0, WHITE)
    return tuple(_field(paper, place) for place in paper.places)


def _fitting(paper: Paper, place: Place, text: str, size: float, below: float, colour: tuple[int, int, int]) -> None:
    """One line that is no wider than the place; white over black would make holes in what stands beside it."""
    paper.write_in("", size, colour)
    paper.set_font_size(min(size, size * place.width / max(paper.get_string_width(text), 0.1)))
    paper.text(place.x, place.y + below, text)


def _written(anchor: Anchor) -> str:
    label = f"|{anchor.label}" if anchor.label else ""
    return f"[[{_WORD[anchor.kind]}{'' if anchor.required else '?'}:{anchor.role}{label}]]"


def _field(paper: Paper, place: Place) -> PlacedField:
    height = SIZES[place.anchor.kind].height
    return PlacedField(
        role=place.anchor.role,
        kind=place.anchor.kind,
        page=place.page - 1,
        x=place.x / paper.w,
        y=max(0.0, place.y + _BELOW - height) / paper.h,
        width=place.width / paper.w,
        height=height / paper.h,
        required=place.anchor.required,
        label=place.anchor.label,
    )
