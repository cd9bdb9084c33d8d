"""The DEMO mark across a page, drawn as a shape, so that it never gets between the words when text is copied."""

from __future__ import annotations

from functools import cache

from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTFont
from fpdf import FPDF

from sandbox.document.fonts import TEXT, face

_WORD, _HEIGHT_MM, _DEGREES, _COLOUR = "DEMO", 38.0, 54.0, "#f8e4e1"
_SEE_THROUGH, _OPACITY = "#c8321e", 0.13
Point = tuple[float, float]


def put_stamp(pdf: FPDF, *, see_through: bool = False) -> None:
    """Draws the mark over the middle of the present page, for other things to be set over it, or so that other things
    show through."""
    steps, width = _outline()
    with pdf.rotation(_DEGREES, pdf.w / 2, pdf.h / 2), pdf.new_path() as path:
        path.style.fill_color = _SEE_THROUGH if see_through else _COLOUR
        path.style.fill_opacity = _OPACITY if see_through else None
        path.style.stroke_color = None
        left, base = (pdf.w - width * _HEIGHT_MM) / 2, (pdf.h + _HEIGHT_MM) / 2
        for verb, points in steps:
            place = [value for x, y in points for value in (left + x * _HEIGHT_MM, base - y * _HEIGHT_MM)]
            getattr(path, verb)(*place)


@cache
def _outline() -> tuple[list[tuple[str, tuple[Point, ...]]], float]:
    """The word's outline as drawing steps, and its width, both in units of its height."""
    steps: list[tuple[str, tuple[Point, ...]]] = []
    x = 0.0
    with TTFont(face(TEXT, "B"), lazy=True) as font:
        glyphs, names, height = font.getGlyphSet(), font.getBestCmap(), font["OS/2"].sCapHeight
        for glyph in (glyphs[names[ord(char)]] for char in _WORD):
            pen = _Pen(glyphs)
            glyph.draw(pen)
            steps += [
                (verb, tuple(((px + x) / height, py / height) for px, py in points)) for verb, points in pen.steps
            ]
            x += glyph.width
    return steps, x / height


class _Pen(BasePen):  # type: ignore[misc]
    """Notes down a glyph's shape in the PDF library's verbs; its base turns every curve into cubic ones."""

    def __init__(self, glyphs: object) -> None:
        super().__init__(glyphs)
        self.steps: list[tuple[str, tuple[Point, ...]]] = []

    def _moveTo(self, pt: Point) -> None:  # noqa: N802
        self.steps.append(("move_to", (pt,)))

    def _lineTo(self, pt: Point) -> None:  # noqa: N802
        self.steps.append(("line_to", (pt,)))

    def _curveToOne(self, *points: Point) -> None:  # noqa: N802
        self.steps.append(("curve_to", points))

    def _closePath(self) -> None:  # noqa: N802
        self.steps.append(("close", ()))
