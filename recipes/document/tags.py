"""Writes a provider's own marks into a PDF: text that nobody sees and the provider reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO

from fpdf import FPDF
from pypdf import PageObject, PdfReader, Transformation

from connectors.signing.model import PlacedField
from recipes.document.editing import editable, written
from recipes.document.sizes import POINTS
from recipes.document.typeface import FAMILY, add_face, drawable

STRETCH = "\t"
"""Where a provider lets a mark be made wider; see `Provider.text_tag`."""
_SIZE = 4
_ABOVE = 2.2
"""Millimetres from the field's lower edge, so that our own anchor, which stands on it, is not written over."""
_INSIDE = 0.5
"""Millimetres from the field's sides."""
_WHITE = (255, 255, 255)

Tag = Callable[[PlacedField], str]


def stamp(pdf: bytes, fields: Iterable[PlacedField], tag: Tag) -> bytes:
    """The PDF with each field's mark at its lower left corner, small and in the paper's colour."""
    document = editable(pdf)
    by_page: dict[int, list[tuple[PlacedField, str]]] = {}
    for field in fields:
        mark = STRETCH.join(drawable(part) for part in tag(field).split(STRETCH))
        by_page.setdefault(field.page, []).append((field, mark))
    for number, marks in sorted(by_page.items()):
        page = document.pages[number]
        left, bottom, right, top = _shown(page)
        turned = page.rotation % 180 != 0
        width, height = (top - bottom, right - left) if turned else (right - left, top - bottom)
        over = PdfReader(BytesIO(_overlay(width, height, marks))).pages[0]
        page.merge_transformed_page(over, _turned(page.rotation % 360, left, bottom, right, top))
    return written(document)


def _stretched(over: FPDF, mark: str, room: float) -> str:
    """The mark as wide as there is room (points): a tab in it is filled with underscores."""
    rest = mark.replace(STRETCH, "")
    count = int((room - over.get_string_width(rest)) / over.get_string_width("_"))
    return mark.replace(STRETCH, "_" * max(0, count))


def _overlay(width: float, height: float, marks: Iterable[tuple[PlacedField, str]]) -> bytes:
    """A page of this size (points) with nothing but the marks."""
    over = FPDF(unit="pt", format=(width, height))
    over.set_auto_page_break(False)
    over.add_page()
    over.set_text_color(*_WHITE)
    for field, mark in marks:
        if mark.isascii():
            over.set_font("helvetica", size=_SIZE)  # every reader has it, so that no typeface need be put in
        else:
            add_face(over)
            over.set_font(FAMILY, size=_SIZE)
        # Within the field and its frame: white over black would make holes in what stands there.
        room = field.width * width - 2 * _INSIDE * POINTS
        mark = _stretched(over, mark, room)
        over.set_font_size(max(0.1, min(_SIZE, _SIZE * room / max(over.get_string_width(mark), 0.1))))
        bottom = (field.y + field.height) * height
        over.text(field.x * width + _INSIDE * POINTS, bottom - _ABOVE * POINTS, mark)
    return bytes(over.output())


def _shown(page: PageObject) -> tuple[float, float, float, float]:
    """The part of the page that is seen, in the page's own coordinates."""
    (x1, x2), (y1, y2) = _spans(page.cropbox)
    (left, right), (bottom, top) = _spans(page.mediabox)
    return max(x1, left), max(y1, bottom), min(x2, right), min(y2, top)


def _spans(box: Iterable[float]) -> tuple[list[float], list[float]]:
    x1, y1, x2, y2 = map(float, box)
    return sorted((x1, x2)), sorted((y1, y2))


def _turned(rotation: int, left: float, bottom: float, right: float, top: float) -> Transformation:
    """From the page as it is seen to its own coordinates; `rotation` is clockwise (ISO 32000-1, 7.7.3.3)."""
    return Transformation(
        {
            0: (1, 0, 0, 1, left, bottom),
            90: (0, 1, -1, 0, right, bottom),
            180: (-1, 0, 0, -1, right, top),
            270: (0, -1, 1, 0, left, top),
        }[rotation]
    )
