"""Shows an uploaded document: in the browser's own viewer, as a file, and as text, with this signer's fields below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from markupsafe import Markup
from starlette.responses import Response

from sandbox.fields import fields_for, placed_fields
from sandbox.pages.answers import fragment
from sandbox.paper import PDF, Field, Paper, Party
from sandbox.people import MOST_PAGES


def as_html(
    paper: Paper, party: Party, pages: Sequence[str], values: Mapping[str, str] | None, *, editable: bool
) -> Markup:
    """The document with its fields. `pages` are their texts, the other parameters as in `reading.as_html`."""
    mine = fields_for(paper, party) if editable else []
    return fragment(
        "upload.html",
        address=f"/sign/{party.id}/document",
        title=paper.title,
        is_pdf=paper.media_type == PDF,
        pages=pages[:MOST_PAGES],
        left_out=len(pages) - MOST_PAGES,
        fields=[fragment("field.html", field=one, label=one.label, value=_value(one, values)) for one in mine],
        others=[
            fragment("filled.html", label=field.label, answers=[(one.name, _shown(field, one))])
            for place, field in placed_fields(paper)
            for one in paper.parties
            if one.id == place.signer and field not in mine
        ],
        places=sorted({place.page + 1 for place in paper.placed if _is_ink(place.kind) and place.signer == party.id}),
    )


def file(paper: Paper, content: bytes) -> Response:
    """The file itself; a PDF for showing it in place, anything else for keeping."""
    ending, way = (".pdf", "inline") if paper.media_type == PDF else (".docx", "attachment")
    headers = {
        "content-disposition": f'{way}; filename="document{ending}"',
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-robots-tag": "noindex",
    }
    return Response(content, headers=headers, media_type=paper.media_type or None)


def _value(field: Field, values: Mapping[str, str] | None) -> str:
    """As typed; before that, dates are today's, as most people want them."""
    if values is not None:
        return values.get(field.id, "")
    return datetime.now(UTC).date().isoformat() if field.kind == "date" else field.default


def _shown(field: Field, party: Party) -> str:
    value = (party.values or {}).get(field.id, "")
    return "yes" if value and field.kind == "checkbox" else value


def _is_ink(kind: str) -> bool:
    return kind in ("signature", "initials")
