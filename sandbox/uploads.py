"""Files that customers hand in: what may come in, and how PDFs are put together and taken apart."""

from __future__ import annotations

import hashlib
import logging
import zipfile
from collections.abc import Iterable
from io import BytesIO

import httpx
from pypdf import PageObject, PdfReader, PdfWriter
from pypdf.errors import PyPdfError
from starlette.datastructures import UploadFile

from sandbox.paper import DOCX, PDF, MediaType, Refused

LIMIT_BYTES = 25 * 1024 * 1024
FETCH_SECONDS = 15.0
# What is wrong with a customer's file is said in the answer; pypdf would also write it to the terminal.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)

_TOO_LARGE = f"The file is larger than {LIMIT_BYTES // 1024 // 1024} MiB."
_UNREADABLE = (PyPdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, OSError)


async def content_of(file: UploadFile) -> bytes:
    """What an uploaded part holds; raises Refused when it is empty or too large."""
    content = await file.read(LIMIT_BYTES + 1)
    return _sized(content)


async def fetched(url: str) -> bytes:
    """What lies behind an address that a customer gave; raises Refused when it cannot be had."""
    try:
        async with (
            httpx.AsyncClient(timeout=FETCH_SECONDS, follow_redirects=True, trust_env=False) as client,
            client.stream("GET", url) as answer,
        ):
            answer.raise_for_status()
            content = bytearray()
            async for chunk in answer.aiter_bytes():
                content += chunk
                if len(content) > LIMIT_BYTES:
                    raise Refused(_TOO_LARGE)
    except (httpx.HTTPError, httpx.InvalidURL):
        raise Refused("The file could not be fetched from its address.") from None
    return _sized(bytes(content))


def media_type_of(content: bytes) -> MediaType:
    """PDF or DOCX; raises Refused for everything else, and for a PDF that nobody can read. It may block for a
    while."""
    if content.startswith(b"%PDF-"):
        if page_count(content) == 0:
            raise Refused("The PDF has no pages.")
        return PDF
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            if {"[Content_Types].xml", "word/document.xml"} <= set(archive.namelist()):
                return DOCX
    except (zipfile.BadZipFile, ValueError, OSError):
        pass
    raise Refused("The file is neither a PDF nor a DOCX document.")


def page_count(pdf: bytes) -> int:
    """Raises Refused when the PDF cannot be read."""
    return len(_reader(pdf).pages)


def joined(pdfs: Iterable[bytes]) -> bytes:
    """One PDF with the pages of all; raises Refused when one cannot be read."""
    writer = PdfWriter()
    try:
        for pdf in pdfs:
            writer.append(_reader(pdf))
        return _written(writer)
    except _UNREADABLE:
        raise Refused("The PDF cannot be read.") from None


def part(pdf: bytes, first: int, end: int | None = None) -> bytes:
    """The pages from `first` (counted from 0) up to but without `end`, as a PDF of its own."""
    reader, writer = _reader(pdf), PdfWriter()
    for page in reader.pages[first:end]:
        writer.add_page(page)
    return _written(writer)


def name_for(content: bytes) -> str:
    """The name a file is kept under; equal files are kept once."""
    return f"upload-{hashlib.sha256(content).hexdigest()}"


def texts_of(pdf: bytes, most: int | None = None) -> list[str]:
    """The text of each page, as far as it can be read out; of pages after the first `most` it is empty. It may block
    for a while."""
    try:
        pages = _reader(pdf).pages
        return [_text(page) if most is None or number < most else "" for number, page in enumerate(pages)]
    except Refused:
        return []


def _text(page: PageObject) -> str:
    try:
        return page.extract_text()
    except Exception:  # A page may hold anything, and the reader stumbles in many ways.
        return ""


def _reader(pdf: bytes) -> PdfReader:
    try:
        reader = PdfReader(BytesIO(pdf))
        if reader.is_encrypted:
            raise Refused("The PDF is protected by a password.")
        len(reader.pages)
    except _UNREADABLE:
        raise Refused("The PDF cannot be read.") from None
    return reader


def _written(writer: PdfWriter) -> bytes:
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def _sized(content: bytes) -> bytes:
    if not content:
        raise Refused("The file is empty.")
    if len(content) > LIMIT_BYTES:
        raise Refused(_TOO_LARGE)
    return content
