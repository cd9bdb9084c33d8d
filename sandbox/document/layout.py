"""The sheet of paper: A4, margins, running foot, the DEMO mark, and the few ways text is set on it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

from sandbox.document.fonts import TEXT, drawable
from sandbox.document.lettering import Lettering
from sandbox.document.markup import Run
from sandbox.document.stamp import put_stamp
from sandbox.paper import Paper

Colour = tuple[int, int, int]
INK: Colour = (27, 31, 36)
MUTED: Colour = (91, 101, 112)
ACCENT: Colour = (31, 75, 122)
RULE: Colour = (204, 210, 217)

BODY_PT = 10.5
LEADING = 1.42
PARAGRAPH_MM = 2.4

_ALIGN: dict[str, Literal["LEFT", "CENTER", "RIGHT", "JUSTIFY"]] = {
    "center": "CENTER",
    "right": "RIGHT",
    "justify": "JUSTIFY",
}


class Sheet(Lettering):
    """A PDF that is the same, byte for byte, whenever it is made from the same paper."""

    def __init__(self, paper: Paper) -> None:
        super().__init__("portrait", "mm", "A4")
        self.paper = paper
        self.set_margins(25, 22, 25)
        self.set_auto_page_break(True, margin=26)
        self.c_margin = 0
        self.style()
        self.set_title(paper.title)
        self.set_author(paper.sender)
        self.set_subject(f"Document {paper.id}")
        self.set_creator("prefect-esign sandbox")
        self.set_creation_date(max((h.at for h in paper.history), default=paper.created_at).astimezone(UTC))

    def header(self) -> None:
        """Puts the stamp behind everything else on the page."""
        if self.paper.test:
            put_stamp(self)

    def footer(self) -> None:
        """Says at the foot which document this is, and that it binds nobody."""
        self.set_y(-17)
        self.set_draw_color(RULE)
        self.set_line_width(0.2)
        self.line(self.l_margin, self.y, self.w - self.r_margin, self.y)
        self.ln(1.6)
        self.style(size=8, colour=MUTED)
        demo = "DEMO   ·   " if self.paper.test else ""
        note = "Made by a sandbox for trying out; binds nobody"
        number = f"{'Certificate page' if self.paper.upload else 'Page'} {self.page_no()} of {{nb}}"
        room = self.epw - (34 if self.paper.upload else 30)
        self.cell(room, 4, self.fitting(f"{demo}Document {self.paper.id}   ·   {note}", 8, room))
        self.style(size=8, colour=MUTED)
        # The library keeps room for three digits.
        self.cell(self.epw - room + 2.8, 4, number, align="R")

    def style(self, emphasis: str = "", size: float = BODY_PT, colour: Colour = INK) -> None:
        """Chooses style (any of B and I), size in points and colour for what comes next."""
        self.set_font(TEXT, emphasis, size)
        self.set_text_color(colour)

    def text_block(
        self, runs: Iterable[Run], *, size: float = BODY_PT, bold: bool = False, align: str = "left", indent: float = 0
    ) -> None:
        """Sets styled text as one paragraph, `indent` millimetres from the left margin."""
        with self.text_columns(
            text_align=_ALIGN.get(align, "LEFT"), line_height=LEADING, l_margin=self.l_margin + indent
        ) as column:
            for run in runs:
                self.style(
                    ("B" if bold or run.bold else "") + ("I" if run.italic else ""), size, ACCENT if run.link else INK
                )
                column.write(drawable(run.text), link=run.link or None)
        self.style()

    def line_text(self, text: str, emphasis: str = "", size: float = BODY_PT, colour: Colour = INK) -> None:
        """Sets plain text over the full width, wrapped where needed."""
        self.style(emphasis, size, colour)
        self.multi_cell(0, size * LEADING / self.k, drawable(text), align="L", new_x="LMARGIN", new_y="NEXT")

    def heading(self, text: str, size: float, room: float = 30) -> None:
        """Sets a heading of ours, on a new page when less than `room` millimetres are left below it."""
        self.keep_together(room)
        self.line_text(text, "B", size)

    def keep_together(self, millimetres: float) -> None:
        """Starts a new page when less than this is left on the present one."""
        if self.will_page_break(millimetres):
            self.add_page()


def moment(at: datetime) -> str:
    """A time as people read it, always in UTC: `20 November 2026, 22:05:11 UTC`."""
    utc = at.astimezone(UTC)
    return f"{utc.day} {_MONTHS[utc.month - 1]} {utc:%Y, %H:%M:%S} UTC"


# Not %B, which follows the machine's language.
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
