"""Reads the letters of a PDF's pages and where they stand as the page is seen: turned, cropped, from the top left."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock

import pypdfium2
import pypdfium2.raw as pdfium

from recipes.document.sizes import POINTS
from recipes.errors import DocumentError

_ONE_AT_A_TIME = Lock()  # pdfium may not be called from two threads
_SCALE = 1_000_000  # pdfium gives whole numbers


@dataclass(frozen=True)
class Letter:
    """A letter and its box, in fractions of the page. `made` letters are spaces and line ends that pdfium adds where
    it sees a gap."""

    text: str
    made: bool
    left: float = 0
    top: float = 0
    right: float = 0
    bottom: float = 0


@dataclass(frozen=True)
class Page:
    """A page as it is seen, its size in millimetres. A page without any square bracket shows no letters."""

    width: float
    height: float
    letters: tuple[Letter, ...]


def pages(pdf: bytes) -> list[Page]:
    """All pages with their letters, in the order the PDF tells them. Raises `DocumentError`."""
    with _ONE_AT_A_TIME:
        try:
            opened = pypdfium2.PdfDocument(pdf)
        except pypdfium2.PdfiumError as error:
            said = "is encrypted" if "password" in str(error).casefold() else "is not a PDF that can be read"
            raise DocumentError(f"{said}: save it anew as an ordinary PDF") from None
        try:
            if pdfium.FPDF_GetSecurityHandlerRevision(opened) != -1:
                raise DocumentError("is encrypted: save it anew as an ordinary PDF")
            if not len(opened):
                raise DocumentError("has no pages: save it anew as an ordinary PDF")
            return [_page(page) for page in opened]
        except pypdfium2.PdfiumError:
            raise DocumentError("has a page that cannot be read: save it anew as an ordinary PDF") from None
        finally:
            opened.close()


def _page(page: pypdfium2.PdfPage) -> Page:
    width, height = page.get_size()
    text = page.get_textpage()
    try:
        # Only where an anchor can be is it worth asking for every letter's place.
        letters = _letters(page, text) if "[" in text.get_text_range() else ()
        return Page(width / POINTS, height / POINTS, tuple(letters))
    finally:
        text.close()


def _letters(page: pypdfium2.PdfPage, text: pypdfium2.PdfTextPage) -> Iterator[Letter]:
    for at in range(text.count_chars()):
        # At a line's end pdfium shows a hyphen as a control character.
        char = "-" if pdfium.FPDFText_IsHyphen(text, at) == 1 else chr(pdfium.FPDFText_GetUnicode(text, at))
        if pdfium.FPDFText_IsGenerated(text, at) == 1 and char != "-":
            yield Letter(char, made=True)
            continue
        left, bottom, right, top = text.get_charbox(at)
        corners = [_seen(page, left, bottom), _seen(page, right, top)]
        (left, right), (top, bottom) = (sorted(axis) for axis in zip(*corners, strict=True))
        yield Letter(char, False, left, top, right, bottom)


def _seen(page: pypdfium2.PdfPage, x: float, y: float) -> tuple[float, float]:
    across, down = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDF_PageToDevice(page, 0, 0, _SCALE, _SCALE, 0, x, y, across, down)
    return across.value / _SCALE, down.value / _SCALE
