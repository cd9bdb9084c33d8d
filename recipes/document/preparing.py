"""Makes a document ready for a provider that takes files: a PDF, its fields, and the provider's marks if it reads any.

Everything here goes between processes, so that many documents can be made side by side.
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.signing.model import Document, Signer
from recipes.document.placing import Placed, place
from recipes.document.render import draw
from recipes.document.tags import Tag, stamp


def prepared(document: Document, title: str, signers: Sequence[Signer], tag: Tag | None = None) -> Document:
    """The document as a PDF in which every signer has a field to sign in; a provider's template stays as it is.

    `tag` gives a field's mark in the provider's own language (a function of a module or a `functools.partial` of
    one, if this runs in another process). Raises `DocumentError` for an anchor that names nobody's role or a PDF
    that cannot be read, and `RowProblem` for a text that cannot be drawn.
    """
    if document.template is not None:
        return document
    placed = _placed(document, title, signers)
    pdf = stamp(placed.pdf, placed.fields, tag) if tag else placed.pdf
    return Document(pdf=pdf, fields=placed.fields)


def _placed(document: Document, title: str, signers: Sequence[Signer]) -> Placed:
    if document.pdf is not None:
        return place(document.pdf, signers, document.fields or None)
    drawn = draw(document.markdown or "", title)
    return place(drawn.pdf, signers, drawn.fields)
