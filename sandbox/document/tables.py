"""Tables: of the paper's text, and the two of the certificate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from fpdf.enums import TableBordersLayout
from fpdf.fonts import FontFace

from sandbox.document.fonts import drawable
from sandbox.document.layout import BODY_PT, INK, LEADING, PARAGRAPH_MM, RULE, Sheet
from sandbox.document.markup import Run

# More than this does not fit a page as one row.
_LONGEST_CELL = 1200
_MARKER = re.compile(r"\*\*|__|~~|--")
_NARROWEST, _WIDEST = 8, 42


@dataclass
class Cell:
    """One cell; `align` is what markdown-it says, `text-align:right` or nothing."""

    align: str = ""
    runs: list[Run] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Without any style."""
        return "".join(run.text for run in self.runs)

    @property
    def side(self) -> str:
        """Which side its text stands at."""
        return {"text-align:right": "RIGHT", "text-align:center": "CENTER"}.get(self.align, "LEFT")


@dataclass
class TextTable:
    """A table whose first row is its head."""

    rows: list[list[Cell]] = field(default_factory=list)
    size: float = BODY_PT - 0.5

    def set(self, sheet: Sheet) -> None:
        """Sets it over the full width; one with a cell longer than a page is set as paragraphs."""
        if any(len(cell.text) > _LONGEST_CELL for row in self.rows for cell in row):
            for row in self.rows:
                sheet.text_block([Run(" · ".join(cell.text for cell in row))])
        else:
            self._draw(sheet)
        sheet.ln(PARAGRAPH_MM + 1)

    def _draw(self, sheet: Sheet) -> None:
        for emphasis in ("B", "I", "BI", ""):
            if not emphasis or any(
                run.italic and "I" in emphasis for row in self.rows for cell in row for run in cell.runs
            ):
                sheet.style(emphasis, self.size)
        sheet.set_draw_color(RULE)
        sheet.set_line_width(0.2)
        with sheet.table(
            col_widths=_widths(self.rows),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=FontFace(emphasis="B", color=INK),
            line_height=self.size * (LEADING - 0.12) / sheet.k,
            padding=(1.1, 2, 1.1, 0),
            v_align="T",
            markdown=True,
        ) as table:
            for row in self.rows:
                drawn = table.row()
                for cell in row:
                    drawn.cell(_marked(cell.runs), align=cell.side)


def plain_table(rows: Sequence[Sequence[str]], size: float) -> TextTable:
    """A table of plain texts."""
    return TextTable([[Cell(runs=[Run(text)]) for text in row] for row in rows], size)


def _widths(rows: Sequence[Sequence[Cell]]) -> tuple[int, ...]:
    """Columns as wide as their longest text asks, within reason."""
    count = max(len(row) for row in rows)
    longest = [max((len(row[i].text) for row in rows if i < len(row)), default=0) for i in range(count)]
    return tuple(min(max(length, _NARROWEST), _WIDEST) for length in longest)


def _marked(runs: Sequence[Run]) -> str:
    """The runs in the PDF library's own small markup, which knows `**bold**` and `__italic__`."""
    out = []
    for run in runs:
        text = _MARKER.sub(lambda found: f"\\{found[0]}", drawable(run.text))
        core = text.strip()
        for mark in [mark for mark, on in (("**", run.bold), ("__", run.italic)) if on and core]:
            core = f"{mark}{core}{mark}"
        out.append(text.replace(text.strip(), core) if core else text)
    return "".join(out)
