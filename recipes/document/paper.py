"""The sheet a document is written on: A4, its type, its page numbers, and the places kept free for signers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fpdf import FPDF

from connectors.signing.anchors import Anchor
from connectors.signing.model import FieldKind
from recipes.document.markdown import Piece
from recipes.document.sizes import POINTS, SIZES
from recipes.document.typeface import FAMILY, add_face, drawable

SIZE = 10.5
"""Of the text, in points."""
LEADING = 1.35
INK, GREY, WHITE = (30, 30, 30), (110, 110, 110), (255, 255, 255)
_SCHEME = "place:"
_BLANK = "\u00a0"  # does not break, so that a place stays in one piece


@dataclass(frozen=True)
class Place:
    """Where an anchor's field goes, in millimetres from the top left; `y` is the line it stands on.

    Alone in its paragraph it gets its caption below the line.
    """

    anchor: Anchor
    alone: bool
    page: int = 0
    x: float = 0
    y: float = 0
    width: float = 0


class Paper(FPDF):
    """One document being written.

    A place is kept free by a link of blanks in the text: wherever the text goes, `link` is told where that is.
    The marks that tables understand inside a cell are private characters, which no document holds.
    """

    MARKDOWN_BOLD_MARKER = "\ue000\ue000"
    MARKDOWN_ITALICS_MARKER = "\ue001\ue001"
    MARKDOWN_STRIKETHROUGH_MARKER = "\ue002\ue002"
    MARKDOWN_UNDERLINE_MARKER = "\ue003\ue003"
    MARKDOWN_MARKERS = (
        MARKDOWN_BOLD_MARKER,
        MARKDOWN_ITALICS_MARKER,
        MARKDOWN_STRIKETHROUGH_MARKER,
        MARKDOWN_UNDERLINE_MARKER,
    )
    MARKDOWN_ESCAPE_CHARACTER = "\ue004"
    MARKDOWN_LINK_REGEX = re.compile("^\ue005([^\ue005\ue006]+)\ue006([^\ue007]+)\ue007(.*)$", re.DOTALL)
    MARKDOWN_LINK_UNDERLINE = False

    def __init__(self, title: str) -> None:
        super().__init__(format="A4")
        self.set_title(title)
        self.set_creation_date(datetime(2000, 1, 1, tzinfo=UTC))  # the same text gives the same bytes
        self.set_margins(24, 22)
        self.set_auto_page_break(True, 24)
        self.alias_nb_pages("")
        self.c_margin = 0
        self.places: list[Place] = []
        self.write_in()
        self.add_page()

    def write_in(self, style: str = "", size: float = SIZE, colour: tuple[int, int, int] = INK) -> None:
        """What is written next looks like this; `style` of the letters B, I and S."""
        add_face(self)
        add_face(self, style)
        self.set_font(FAMILY, style, size)
        self.set_text_color(*colour)

    def keep(self, anchor: Anchor, width: float, *, alone: bool = False) -> tuple[str, str]:
        """Blanks of this width (mm) in the type at hand, and the link that marks them as a place of the anchor's."""
        self.places.append(Place(anchor, alone))
        blanks = max(1, int(width / self.get_string_width(_BLANK)))
        return _BLANK * blanks, f"{_SCHEME}{len(self.places) - 1}"

    def link(self, x: float, y: float, w: float, h: float, link: str | int, *args: Any, **more: Any) -> Any:
        """Notes where a place has come to lie, instead of making it something to click on.

        fpdf2 gives the middle of the line less half the type's height; the type stands 0.3 of its height below the
        middle.
        """
        at = int(str(link).removeprefix(_SCHEME))
        kept = self.places[at]
        self.places[at] = Place(kept.anchor, kept.alone, self.page, x, y + 0.8 * h, w)

    def turn_to(self, page: int) -> None:
        """Go on writing on an earlier page, whose type is not the one that was used last."""
        self.page = page
        self.current_font_is_set_on_page = False

    def room_for(self, height: float) -> None:
        """Begin a new page unless this much (mm) is left of this one."""
        if self.will_page_break(height) and self.get_y() > self.t_margin:
            self.add_page()


def style(piece: Piece) -> str:
    """As fpdf2 writes it."""
    return "B" * piece.bold + "I" * piece.italic + "S" * piece.struck


def type_size(kind: FieldKind) -> float:
    """Points of a type that is as high as the field, so that the line has room for it."""
    return SIZES[kind].height * POINTS


def shown(text: str) -> str:
    """The text as the typeface draws it; a hard line break stays."""
    return "\n".join(map(drawable, text.split("\n")))
