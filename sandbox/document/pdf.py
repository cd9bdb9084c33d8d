"""Puts the parts of the document together."""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it.token import Token

from sandbox.document.body import set_body
from sandbox.document.certificate import set_certificate
from sandbox.document.layout import MUTED, Sheet, moment
from sandbox.document.markup import parse, plain
from sandbox.document.signatures import set_signatures
from sandbox.paper import Paper


def render(paper: Paper, upload: bytes = b"") -> bytes:
    """The paper as a PDF, the same bytes for the same paper: text and signatures, or the pages of its upload with what
    was filled in, and, once all have signed, a certificate of completion. It blocks for about a tenth of a second;
    call it in a thread or process."""
    if paper.upload:
        # Imported where it is needed: the processes that make PDFs should start quickly.
        from sandbox.document.uploaded import render_uploaded

        return render_uploaded(paper, upload)
    tokens = parse(paper.markdown)
    sheet = Sheet(paper)
    sheet.add_page()
    sheet.line_text(f"From {paper.sender}   ·   {moment(paper.created_at)}", size=9, colour=MUTED)
    sheet.ln(3)
    if not _begins_with_title(tokens):
        sheet.line_text(paper.title, "B", 19)
        sheet.ln(2)
    set_body(sheet, tokens)
    set_signatures(sheet)
    if paper.state == "signed":
        set_certificate(sheet)
    return bytes(sheet.output())


def _begins_with_title(tokens: Sequence[Token]) -> bool:
    return len(tokens) > 1 and tokens[0].tag == "h1" and bool(plain(tokens[1]))
