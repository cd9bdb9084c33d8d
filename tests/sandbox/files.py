"""Files for the tests of uploaded documents."""

from __future__ import annotations

import zipfile
from io import BytesIO

from fpdf import FPDF
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, RectangleObject, TextStringObject


def pdf(*pages: str) -> bytes:
    """A4 pages, each with one line at its top."""
    sheet = FPDF()
    sheet.set_font("helvetica", size=14)
    for text in pages or ("Terms of the house",):
        sheet.add_page()
        sheet.cell(text=text)
    return bytes(sheet.output())


def turned(degrees: int) -> bytes:
    """A page that is shown turned clockwise, of which only a part with a corner somewhere is shown."""
    writer = PdfWriter()
    page = writer.add_page(PdfReader(BytesIO(pdf("Turned"))).pages[0])
    page.cropbox = RectangleObject((40, 60, 540, 780))
    page.rotate(degrees)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def locked() -> bytes:
    """A PDF with a password."""
    writer = PdfWriter(clone_from=PdfReader(BytesIO(pdf())))
    writer.encrypt("secret", algorithm="RC4-128")
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def docx() -> bytes:
    """As little as makes a Word file."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
    return out.getvalue()


def other_zip() -> bytes:
    """An archive that is no Word file."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("readme.txt", "nothing")
    return out.getvalue()


def lively() -> bytes:
    """A PDF with a script, a form and an outline."""
    writer = PdfWriter(clone_from=PdfReader(BytesIO(pdf())))
    script = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("sayHello")}
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject(script)
    writer.add_outline_item(title="Here", page_number=0)
    writer.root_object[NameObject("/AcroForm")] = DictionaryObject({NameObject("/Fields"): ArrayObject()})
    out = BytesIO()
    writer.write(out)
    return out.getvalue()
