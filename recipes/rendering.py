"""Makes one row of a sheet into the request its recipe describes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from jinja2 import TemplateError

from connectors.signing.model import Document, SignatureRequest, Signer
from recipes.errors import RecipeError, RowProblem
from recipes.faults import Fault
from recipes.language import fill
from recipes.model import Recipe, RecipeSigner
from recipes.rows import Others, check_columns, example_cells, row_key, row_values
from recipes.values import Value, email, phone

__all__ = [
    "RecipeError",
    "Rendered",
    "RowProblem",
    "campaign_name",
    "check_columns",
    "example_cells",
    "render_row",
    "row_key",
]

Values = Mapping[str, Value | Others]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A row as it would be sent. The request has no mark and no webhook yet; whoever sends it adds them."""

    key: str
    request: SignatureRequest
    archive_name: str


def render_row(
    recipe: Recipe, cells: Mapping[str, str], *, key: str | None = None, provider: str, test: bool
) -> Rendered:
    """The request for this row, as this provider takes its document: text or PDF, or the template it keeps.

    Texts are filled in first and judged afterwards, so that a company named `A: #1` or `{{ x }}` stays a name.
    `key` is the row's, if it is known already. Raises `RowProblem` with a sentence for the sheet.
    """
    values = row_values(recipe, cells)
    title = _line("title", recipe.title, values)
    return Rendered(
        key=key or row_key(recipe, cells),
        request=SignatureRequest(
            title=title,
            message=_text("message", recipe.message, values).strip() or None if recipe.message else None,
            document=_document(recipe, values, provider),
            signers=tuple(_signer(signer, values) for signer in recipe.signers),
            fields=_fields(recipe, values, provider),
            locale=recipe.locale,
            expires_in_hours=recipe.lifetime_hours,
            reply_to=email("reply_to", _line("reply_to", recipe.reply_to, values)) if recipe.reply_to else None,
            test=test,
            extra=recipe.extra,
        ),
        archive_name=_line("archive", recipe.archive, values) if recipe.archive else title,
    )


def campaign_name(recipe: Recipe, today: date) -> str:
    """The campaign this recipe's sheets belong to on a day: `{{ year }}` is 2026, `{{ month }}` is 03."""
    return " ".join(fill(recipe.campaign, {"year": f"{today:%Y}", "month": f"{today:%m}"}).split())


def _document(recipe: Recipe, values: Values, provider: str) -> Document:
    if kept := recipe.templates.get(provider, recipe.template):
        return Document(template=kept)
    if recipe.markdown is None:
        return Document(pdf=recipe.pdf, fields=recipe.placed)
    return Document(markdown=_text("document", recipe.markdown, values, markdown=True))


def _fields(recipe: Recipe, values: Values, provider: str) -> dict[str, str]:
    """What fills the provider's template. Where it stands in for the document, it can ask for any column."""
    if provider in recipe.templates and not recipe.fields:
        return {name: str(values[name]) for name in recipe.columns}
    return {name: _text(f"fields.{name}", text, values) for name, text in recipe.fields.items()}


def _signer(signer: RecipeSigner, values: Values) -> Signer:
    where = f"signer {signer.role}"
    mobile = " ".join(_text(where, signer.mobile, values).split()) if signer.mobile else ""
    company = " ".join(_text(where, signer.company, values).split()) if signer.company else ""
    return Signer(
        role=signer.role,
        name=_line(f"{where}, name", signer.name, values),
        email=email(f"{where}, email", _line(f"{where}, email", signer.email, values)),
        mobile=phone(f"{where}, mobile", mobile) if mobile else None,
        company=company or None,
        order=signer.order,
    )


def _line(where: str, template: str, values: Values) -> str:
    """A text that has to say something, on one line."""
    line = " ".join(_text(where, template, values).split())
    if not line:
        way_on = f"fill in the columns it is made of in {template!r}"
        raise RowProblem(Fault("come out empty", where, "", "comes out empty for this row", way_on))
    return line


def _text(where: str, template: str, values: Values, *, markdown: bool = False) -> str:
    try:
        return fill(template, values, markdown=markdown)
    except (TemplateError, ArithmeticError, TypeError, ValueError) as error:
        said = f"the recipe cannot be filled in for this row ({error})"
        way_on = "correct what the recipe says there, or the columns it is made of"
        raise RowProblem(Fault("the recipe cannot be filled in", where, "", said, way_on)) from None
