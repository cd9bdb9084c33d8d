"""PDFs as others make them: text at given places, turned and cropped pages, pictures, passwords."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO

import pypdfium2
from fpdf import FPDF
from PIL import Image
from pypdf import PdfReader, PdfWriter, Transformation
from pypdf.generic import RectangleObject

from connectors.signing.model import PlacedField, Signer

A4 = (210.0, 297.0)
US = Signer(role="us", name="Signer Zero", email="person00@example.com", company="Example Company 00")
THEM = Signer(role="them", name="Signer One", email="person01@example.com")


def page(*texts: tuple[float, float, str], size: float = 11, password: str | None = None) -> bytes:
    """One page of A4 with texts at their places (mm from the top left to the line they stand on)."""
    pdf = FPDF()
    pdf.set_creation_date(datetime(2026, 1, 1, tzinfo=UTC))
    pdf.set_auto_page_break(False)
    pdf.add_page()
    pdf.set_font("helvetica", size=size)
    if password is not None:
        pdf.set_encryption(owner_password="owner", user_password=password)
    for x, y, text in texts:
        pdf.text(x, y, text)
    return bytes(pdf.output())


def picture() -> bytes:
    """A page that is only a picture."""
    pdf = FPDF()
    pdf.set_creation_date(datetime(2026, 1, 1, tzinfo=UTC))
    pdf.add_page()
    pdf.image(Image.new("RGB", (40, 40), "navy"), w=100)
    return bytes(pdf.output())


def turned(pdf: bytes, degrees: int) -> bytes:
    """The same pages to look at, drawn another way round and turned back when they are shown."""
    writer = PdfWriter(clone_from=PdfReader(BytesIO(pdf)))
    for one in writer.pages:
        one.rotate(-degrees)
        one.transfer_rotation_to_content()
        one.rotate(degrees)
    return _bytes(writer)


def cropped(pdf: bytes, right: float, up: float) -> bytes:
    """The same pages to look at, cut out of a larger sheet (points)."""
    writer = PdfWriter(clone_from=PdfReader(BytesIO(pdf)))
    for one in writer.pages:
        width, height = float(one.mediabox.width), float(one.mediabox.height)
        one.add_transformation(Transformation().translate(right, up))
        one.mediabox = RectangleObject((0, 0, width + 2 * right, height + 3 * up))
        one.cropbox = RectangleObject((right, up, right + width, up + height))
    return _bytes(writer)


def joined(*pdfs: bytes) -> bytes:
    writer = PdfWriter()
    for pdf in pdfs:
        writer.append(BytesIO(pdf))
    return _bytes(writer)


def words(pdf: bytes) -> list[str]:
    """The text of each page, as a reader of another make than ours extracts it."""
    return [" ".join(one.extract_text().split()) for one in PdfReader(BytesIO(pdf)).pages]


def pictures(pdf: bytes, dpi: int = 72) -> list[Image.Image]:
    """The pages as they look."""
    opened = pypdfium2.PdfDocument(pdf)
    try:
        return [one.render(scale=dpi / 72).to_pil().convert("L") for one in opened]
    finally:
        opened.close()


def darkest(image: Image.Image, left: float, top: float, right: float, bottom: float) -> int:
    """The darkest grey (255 is white) within a part of the page, given in fractions of it."""
    width, height = image.size
    part = image.crop((round(left * width), round(top * height), round(right * width), round(bottom * height)))
    return int(part.getextrema()[0])


def lower_left(field: PlacedField) -> tuple[float, float]:
    """Where a field stands, in millimetres of A4."""
    return field.x * A4[0], (field.y + field.height) * A4[1]


def apart(one: Sequence[float], other: Sequence[float]) -> float:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def _bytes(writer: PdfWriter) -> bytes:
    out = BytesIO()
    writer.write(out)
    return out.getvalue()
