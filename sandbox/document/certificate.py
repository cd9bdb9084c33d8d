"""The last page of a signed document: who signed it, when, from where, and what happened to it."""

from __future__ import annotations

import hashlib

from sandbox.document.fonts import SUBSTITUTE, drawable
from sandbox.document.layout import MUTED, Sheet, moment
from sandbox.document.signatures import set_signatures
from sandbox.document.tables import plain_table
from sandbox.fields import placed_fields
from sandbox.paper import PDF, Paper, Party

_SANDBOX = (
    "This document was made by a sandbox for trying out how documents are sent and signed. "
    "Nobody checked who the people on it are, and nothing in it binds anybody."
)
_NO_PDF = (
    "The document itself is a Word file, which is not part of this PDF: it is the one file whose SHA-256 stands below. "
    "The signatures stand here."
)


def set_certificate(sheet: Sheet) -> None:
    """Sets the page."""
    paper = sheet.paper
    sheet.add_page()
    sheet.start_section("Certificate of completion")
    sheet.line_text("Certificate of completion", "B", 19)
    sheet.ln(1)
    sheet.line_text(_SANDBOX, size=9.5, colour=MUTED)
    if paper.upload and paper.media_type != PDF:
        sheet.ln(1)
        sheet.line_text(_NO_PDF)
    sheet.ln(4)
    _set_facts(sheet)
    _set_signers(sheet)
    if paper.upload:
        set_signatures(sheet)
        _set_filled_in(sheet)
    _set_history(sheet)
    if SUBSTITUTE in drawable(_everything(paper)):
        sheet.line_text(
            f"{SUBSTITUTE} stands for a character that this sandbox's typeface lacks.", size=9, colour=MUTED
        )


def fingerprint(paper: Paper) -> str:
    """SHA-256 of the text the signers were shown, in UTF-8, or of the uploaded file, before anything was filled in or
    signed; hexadecimal. Uploads are named after it."""
    if paper.upload:
        return paper.upload.removeprefix("upload-")
    return hashlib.sha256(paper.markdown.encode()).hexdigest()


def _set_facts(sheet: Sheet) -> None:
    paper = sheet.paper
    signed = [party.signed_at for party in paper.parties if party.signed_at is not None]
    facts = [
        ("Document", paper.title),
        ("Document id", paper.id),
        ("Sent by", paper.sender),
        ("Created", moment(paper.created_at)),
        ("Completed", moment(max(signed)) if signed else "–"),
        ("SHA-256 of the file" if paper.upload else "SHA-256 of the text", fingerprint(paper)),
    ]
    for name, value in facts:
        top = sheet.y
        sheet.style(size=9.5, colour=MUTED)
        sheet.cell(38, 5.4, name)
        sheet.style(size=9.5)
        sheet.set_xy(sheet.l_margin + 38, top)
        sheet.multi_cell(0, 5.4, drawable(value), align="L", new_x="LMARGIN", new_y="NEXT")
    sheet.ln(4)


def _set_signers(sheet: Sheet) -> None:
    sheet.heading("Signers", 12)
    sheet.ln(1)
    for party in sheet.paper.parties:
        sheet.keep_together(24)
        sheet.line_text(f"{party.order}.  {party.name}  <{party.email}>", "B", 10)
        sheet.line_text(_how(party), size=9.5)
        sheet.line_text(
            f"From {party.ip or 'an unknown address'} with {_short(party.agent) or 'an unknown program'}",
            size=9,
            colour=MUTED,
        )
        sheet.ln(2.2)
    sheet.ln(2)


def _set_filled_in(sheet: Sheet) -> None:
    """Everything in full, as a place in the document may be too small for it."""
    names = {party.id: party for party in sheet.paper.parties}
    rows = [
        (field.label, "ticked" if field.kind == "checkbox" else value, names[place.signer].name)
        for place, field in placed_fields(sheet.paper)
        if place.signer in names and (value := (names[place.signer].values or {}).get(field.id, ""))
    ]
    if rows:
        sheet.ln(2)
        sheet.heading("Filled in", 12)
        sheet.ln(1)
        plain_table([("Field", "Answer", "Who"), *rows], 9).set(sheet)
        sheet.ln(3)


def _how(party: Party) -> str:
    if party.signature is None or party.signed_at is None:
        return "Did not sign"
    agreed = "agreed to sign electronically"
    return f"Signed {moment(party.signed_at)}, {party.signature.kind} signature; {agreed}"


def _set_history(sheet: Sheet) -> None:
    sheet.heading("What happened", 12)
    sheet.ln(1)
    rows = [("When", "What", "Who", "From")]
    rows += [(moment(item.at), item.what, item.who or "–", item.ip or "–") for item in sheet.paper.history]
    plain_table(rows, 9).set(sheet)


def _short(agent: str) -> str:
    return agent if len(agent) <= 110 else agent[:109] + "…"


def _everything(paper: Paper) -> str:
    """All text that the document shows."""
    people = [text for party in paper.parties for text in (party.name, party.email, *(party.values or {}).values())]
    return "\n".join([paper.title, paper.sender, paper.markdown, *people])
