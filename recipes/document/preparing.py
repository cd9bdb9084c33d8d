"""Makes a document ready for a provider that takes files: a PDF, its fields, and the provider's marks if it reads any.

Everything here goes between processes, so that many documents can be made side by side.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from connectors.signing.model import Document, Signer
from recipes.document.letters import pages
from recipes.document.placing import Placed, place
from recipes.document.render import draw
from recipes.document.tags import Tag, stamp
from recipes.errors import RowProblem

_TAG_LIKE = re.compile(r"\[[^\s|\[\]]{1,20}\|[^\s|\[\]]*\|")


def prepared(document: Document, title: str, signers: Sequence[Signer], tag: Tag | None = None) -> Document:
    """The document as a PDF in which every signer has a field to sign in; a provider's template stays as it is.

    `tag` gives a field's mark in the provider's own language (a function of a module or a `functools.partial` of
    one, if this runs in another process). Raises `DocumentError` for an anchor that names nobody's role or a PDF
    that cannot be read, and `RowProblem` for a text that cannot be drawn.
    """
    if document.template is not None:
        return document
    placed = _placed(document, title, signers)
    if tag:
        _refuse_foreign_tags(placed.pdf)
    pdf = stamp(placed.pdf, placed.fields, tag) if tag else placed.pdf
    return Document(pdf=pdf, fields=placed.fields)


def _refuse_foreign_tags(pdf: bytes) -> None:
    """Raise `RowProblem` for text that a provider which reads tags would take for one: a cell could plant fields."""
    for page in pages(pdf):
        text = "".join(letter.text for letter in page.letters if not letter.text.isspace())
        if (found := _TAG_LIKE.search(text)) is not None:
            raise RowProblem(
                f"The document holds {found[0][:30]!r}, which the provider would take for a field of its own: take it "
                "out of the row, or out of the document."
            )


def _placed(document: Document, title: str, signers: Sequence[Signer]) -> Placed:
    if document.pdf is not None:
        return place(document.pdf, signers, document.fields or None)
    drawn = draw(document.markdown or "", title)
    return place(drawn.pdf, signers, drawn.fields)
