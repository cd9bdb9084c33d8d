"""Opens a PDF to be added to, and writes it out again; what was in it stays."""

from __future__ import annotations

import logging
from io import BytesIO

from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError

from recipes.errors import DocumentError

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it quotes what it stumbles over, and that may be a name


def editable(pdf: bytes) -> PdfWriter:
    """The PDF, open. Raises `DocumentError` for one that cannot be taken apart."""
    try:
        return PdfWriter(clone_from=PdfReader(BytesIO(pdf)))
    except (PyPdfError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        # Whatever a broken file makes pypdf stumble over; pdfium, which reads the text, mends more.
        raise DocumentError("cannot be added to: save it anew as an ordinary PDF") from None


def written(writer: PdfWriter) -> bytes:
    """Its bytes; the same for the same content."""
    out = BytesIO()
    writer.write(out)
    return out.getvalue()
