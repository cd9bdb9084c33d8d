"""Sees to it that everybody who signs has a place to: where the anchors say, else on a page of their own at the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO

from connectors.signing.anchors import anchors
from connectors.signing.model import Document, FieldKind, PlacedField, Signer
from recipes.document.editing import editable, written
from recipes.document.finding import find
from recipes.document.render import draw
from recipes.document.roles import check_roles
from recipes.escaping import plain


@dataclass(frozen=True)
class Placed:
    """A PDF and its fields. `added` are the roles that got their place on an added page, since no anchor names them."""

    pdf: bytes
    fields: tuple[PlacedField, ...]
    added: tuple[str, ...]


def place(pdf: bytes, signers: Sequence[Signer], fields: Iterable[PlacedField] | None = None) -> Placed:
    """The PDF with a field to sign in for every signer; `fields`, where they are known, save looking for anchors.

    Raises `DocumentError` for an anchor whose role is nobody's, and for a PDF that cannot be read or
    added to.
    """
    known = tuple(find(pdf) if fields is None else fields)
    check_roles((field.role for field in known), [signer.role for signer in signers])
    without = [signer for signer in signers if signer.role in missing(known, signers)]
    if not without:
        return Placed(pdf, known, ())
    document = editable(pdf)
    count = len(document.pages)
    page = draw(_page(without, count), "Signatures", numbered=False)
    document.append(BytesIO(page.pdf), import_outline=False)
    more = tuple(field.model_copy(update={"page": field.page + count}) for field in page.fields)
    return Placed(written(document), known + more, tuple(signer.role for signer in without))


def missing(fields: Iterable[PlacedField], signers: Iterable[Signer]) -> tuple[str, ...]:
    """The roles of those who have no field to sign in."""
    signing = {field.role for field in fields if field.kind is FieldKind.SIGNATURE}
    return tuple(signer.role for signer in signers if signer.role not in signing)


def unplaced(document: Document, signers: Iterable[Signer]) -> tuple[str, ...]:
    """The roles that would get their place on an added page, without drawing anything; for a plan to say so."""
    if document.pdf is not None:
        return missing(document.fields or find(document.pdf), signers)
    signing = {anchor.role for _, anchor in anchors(document.markdown or "") if anchor.kind is FieldKind.SIGNATURE}
    return tuple(signer.role for signer in signers if document.template is None and signer.role not in signing)


def _page(signers: Iterable[Signer], count: int) -> str:
    """The added page; it says what it belongs to, for it may be printed and laid aside."""
    before = "page before it" if count == 1 else f"{count} pages before it"
    parts = ["# Signatures", f"This page belongs to the {before}."]
    for signer in signers:
        company = f", for {plain(signer.company)}" if signer.company else ""
        parts += [f"**{plain(signer.name)}**{company}", f"[[sign:{signer.role}]] [[date:{signer.role}]]"]
    return "\n\n".join(parts)
