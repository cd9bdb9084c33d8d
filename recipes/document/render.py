"""Makes a document's Markdown into a PDF that reads well with and without a provider's fields over it."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.signing.model import PlacedField
from recipes.document.blocks import write_blocks
from recipes.document.markdown import parse
from recipes.document.paper import GREY, Paper, shown
from recipes.document.places import draw_places


@dataclass(frozen=True)
class Drawn:
    """A PDF and the fields its anchors ask for."""

    pdf: bytes
    fields: tuple[PlacedField, ...]


def render(markdown: str, title: str) -> bytes:
    """The document on A4, its pages numbered; the same text gives the same bytes. Raises `RowProblem`."""
    return draw(markdown, title).pdf


def draw(markdown: str, title: str, *, numbered: bool = True) -> Drawn:
    """The same, with the places of the signers: known from the drawing, so that nobody's name is taken for one."""
    paper = Paper(shown(title))
    write_blocks(paper, parse(markdown).children)
    paper.set_auto_page_break(False)
    fields = draw_places(paper)
    if numbered:
        _number(paper)
    return Drawn(bytes(paper.output()), fields)


def _number(paper: Paper) -> None:
    for page in range(1, paper.pages_count + 1):
        paper.turn_to(page)
        paper.write_in("", 8, GREY)
        paper.set_xy(paper.l_margin, -16)
        paper.cell(paper.epw, 4, f"{page} / {paper.pages_count}", align="CENTER")
