"""The finished form of an uploaded document: its pages with what was filled in at its places, then the certificate.

The pages themselves stay as they came, but what a PDF has beside its pages (form, outline, scripts, older signatures)
is left behind: the seal covers what people see.
"""

from __future__ import annotations

from io import BytesIO

from fpdf import FPDF
from pypdf import PageObject, PdfReader, PdfWriter, Transformation

from sandbox.document.certificate import set_certificate
from sandbox.document.layout import Sheet
from sandbox.document.stamping import Overlay
from sandbox.paper import PDF, Paper

_POINTS = 72 / 25.4


def render_uploaded(paper: Paper, upload: bytes) -> bytes:
    """The same bytes for the same paper. Of a document that is no PDF there is only the certificate."""
    certificate = Sheet(paper)
    if paper.media_type != PDF:
        set_certificate(certificate)
        return bytes(certificate.output())
    writer = PdfWriter()
    writer.pdf_header = "%PDF-1.7"
    _add_stamped(writer, paper, upload)
    if paper.state == "signed":
        set_certificate(certificate)
        for page in _pages_of(certificate):
            writer.add_page(page)
    writer.add_metadata(_metadata(certificate))
    for page in writer.pages:
        page.compress_content_streams()
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def _add_stamped(writer: PdfWriter, paper: Paper, upload: bytes) -> None:
    pages = [writer.add_page(page) for page in PdfReader(BytesIO(upload)).pages]
    overlay = Overlay(paper)
    for number, page in enumerate(pages):
        overlay.stamp(number, *_size(page))
    for page, stamped in zip(pages, _pages_of(overlay), strict=True):
        page.merge_transformed_page(stamped, _onto(page))


def _pages_of(pdf: FPDF) -> list[PageObject]:
    return list(PdfReader(BytesIO(bytes(pdf.output()))).pages)


def _visible(page: PageObject) -> tuple[float, float, float, float]:
    """Left, bottom, width and height of what is shown of a page, in points of the page's own system."""
    media, crop = page.mediabox, page.cropbox
    left, bottom = max(media.left, crop.left), max(media.bottom, crop.bottom)
    right, top = min(media.right, crop.right), min(media.top, crop.top)
    if right <= left or top <= bottom:
        left, bottom, right, top = media.left, media.bottom, media.right, media.top
    return float(left), float(bottom), float(right - left), float(top - bottom)


def _size(page: PageObject) -> tuple[float, float]:
    """Width and height in millimetres of the page as it is shown."""
    _, _, width, height = _visible(page)
    shown = (height, width) if page.rotation % 180 else (width, height)
    return shown[0] / _POINTS, shown[1] / _POINTS


def _onto(page: PageObject) -> Transformation:
    """From the page as it is shown to its own system: it may be turned clockwise, and its corner lie anywhere."""
    left, bottom, width, height = _visible(page)
    turned = {
        0: (1.0, 0.0, 0.0, 1.0, left, bottom),
        90: (0.0, 1.0, -1.0, 0.0, left + width, bottom),
        180: (-1.0, 0.0, 0.0, -1.0, left + width, bottom + height),
        270: (0.0, -1.0, 1.0, 0.0, left, bottom + height),
    }
    return Transformation(turned[page.rotation % 360])


def _metadata(sheet: Sheet) -> dict[str, str]:
    paper = sheet.paper
    return {
        "/Title": paper.title,
        "/Author": paper.sender,
        "/Subject": f"Document {paper.id}",
        "/Creator": "prefect-esign sandbox",
        "/CreationDate": f"D:{sheet.creation_date:%Y%m%d%H%M%S}Z",
    }
