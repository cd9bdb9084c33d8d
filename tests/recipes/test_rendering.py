"""A row becomes the request its recipe describes."""

from __future__ import annotations

from datetime import date

import pytest
from markdown_it import MarkdownIt

from connectors.signing.model import Document, FieldKind
from recipes.loading import load
from recipes.model import Recipe
from recipes.rendering import RowProblem, campaign_name, render_row
from tests.recipes.conftest import YAML, Write
from tests.recipes.document.making import page

GOOD = {"company": "Example Company 01", "email": "person01@example.com", "count": "3"}


@pytest.mark.parametrize(
    "name", ["A: #1", "**x** [a](b)", "{{ x }}", "{% if %}", 'N `{"line_type": "checkbox"}`', "- x"]
)
def test_a_company_keeps_its_name_whatever_it_is_made_of(small: Recipe, name: str) -> None:
    rendered = render_row(small, {**GOOD, "company": name}, provider="esignatures", test=True)
    assert rendered.request.title == f"Agreement with {name}"
    assert rendered.archive_name == rendered.request.title
    assert rendered.request.signers[0].name == name
    assert rendered.key == name
    assert rendered.request.document.markdown is not None
    heading = MarkdownIt().parse(rendered.request.document.markdown)[1]
    assert "".join(child.content for child in heading.children or []) == f"For {name}"


def test_a_request_has_everything_the_recipe_says(write: Write) -> None:
    recipe = load(
        write(
            YAML.replace("document: document.md", "template: tmpl-1")
            + "    mobile: '+44 20 7946 0018'\n    company: '{{ company }}'\n    order: 2\n"
            + "message: |\n  Hello {{ company }},\n\n  please sign.\n"
            + "fields: {amount: '{{ count }} pieces'}\nlocale: en\nreply_to: office@Example.com\n"
            + "expires_in_hours: 48\nextra: {labels: [a]}\narchive: Doc {{ company }}\n"
        )
    )
    rendered = render_row(recipe, GOOD, provider="esignatures", test=False)
    request = rendered.request
    assert (request.document.template, request.document.markdown) == ("tmpl-1", None)
    assert request.message == "Hello Example Company 01,\n\nplease sign."
    assert request.fields == {"amount": "3 pieces"}
    assert (request.locale, request.reply_to, request.expires_in_hours) == ("en", "office@example.com", 48)
    assert (request.extra, request.test, request.ref, request.webhook_url) == ({"labels": ["a"]}, False, "", None)
    assert rendered.archive_name == "Doc Example Company 01"
    signer = request.signers[0]
    assert (signer.role, signer.order, signer.mobile, signer.company) == (
        "signer",
        2,
        "+442079460018",
        "Example Company 01",
    )


def test_a_provider_that_keeps_the_document_gets_its_template_and_every_column(write: Write) -> None:
    recipe = load(write(YAML + "templates: {docsautomator: tmpl-2}\n"))
    request = render_row(recipe, {**GOOD, "count": "007"}, provider="docsautomator", test=True).request
    assert request.document == Document(template="tmpl-2")
    assert request.fields == {"company": "Example Company 01", "email": "person01@example.com", "count": "7"}
    other = render_row(recipe, GOOD, provider="lumin", test=True).request
    assert (other.document, other.fields) == (Document(markdown="# For Example Company 01\n"), {})


def test_a_template_gets_the_recipes_own_fields_where_it_has_some(write: Write) -> None:
    recipe = load(write(YAML + "templates: {docsautomator: tmpl-2}\nfields: {amount: '{{ count }} pieces'}\n"))
    request = render_row(recipe, GOOD, provider="docsautomator", test=True).request
    assert request.fields == {"amount": "3 pieces"}


def test_a_cell_left_empty_and_a_date_are_texts_for_a_template(write: Write) -> None:
    day = "columns:\n  day: {type: date, description: A day., example: '2026-12-31'}\n"
    recipe = load(write(YAML.replace("columns:\n", day) + "templates: {docsautomator: tmpl-2}\n"))
    cells = {**GOOD, "day": "2026-03-05", "count": ""}
    fields = render_row(recipe, cells, provider="docsautomator", test=True).request.fields
    assert (fields["day"], fields["count"]) == ("2026-03-05", "")


def test_a_pdf_goes_to_everybody_as_it_is_with_the_fields_its_anchors_ask_for(write: Write) -> None:
    pdf = page((50, 100, "[[sign:signer]]"))
    recipe = load(write(YAML.replace("document.md", "Letter.PDF"), pdf=("Letter.PDF", pdf)))
    document = render_row(recipe, GOOD, provider="lumin", test=True).request.document
    assert (document.pdf, document.markdown, document.template) == (pdf, None, None)
    assert [(field.role, field.kind) for field in document.fields] == [("signer", FieldKind.SIGNATURE)]


def test_titles_and_names_are_one_line(small: Recipe) -> None:
    rendered = render_row(small, {**GOOD, "company": "Example\r\nCompany\t01"}, provider="esignatures", test=True)
    assert rendered.request.title == "Agreement with Example Company 01"


def test_a_text_that_comes_out_empty_is_the_rows_problem(write: Write) -> None:
    recipe = load(write(YAML.replace('name: "{{ company }}"', 'name: "{{ count }}"')))
    with pytest.raises(RowProblem, match="signer signer, name: comes out empty for this row"):
        render_row(recipe, {**GOOD, "count": ""}, provider="esignatures", test=True)


def test_an_address_put_together_by_the_recipe_is_checked_too(write: Write) -> None:
    recipe = load(write(YAML.replace('email: "{{ email }}"', 'email: "{{ company }}"')))
    with pytest.raises(RowProblem, match='signer signer, email: "Example Company 01" is not an e-mail address'):
        render_row(recipe, GOOD, provider="esignatures", test=True)


def test_a_template_that_fails_on_a_row_is_the_rows_problem(write: Write) -> None:
    recipe = load(write(document="{{ count + 1 }}"))
    assert render_row(recipe, GOOD, provider="esignatures", test=True).request.document.markdown == "4"
    with pytest.raises(RowProblem, match="document: the recipe cannot be filled in for this row"):
        render_row(recipe, {**GOOD, "count": ""}, provider="esignatures", test=True)


def test_a_campaign_may_go_by_year_and_month(write: Write) -> None:
    recipe = load(write(YAML + "campaign: 'round {{ year }}-{{ month }}'\n"))
    assert campaign_name(recipe, date(2026, 3, 5)) == "round 2026-03"
    assert campaign_name(load(write()), date(2026, 3, 5)) == "small"


OTHERS = YAML.replace(
    "title: Agreement with {{ company }}", 'title: "Agreement with {{ company }}, {{ row.cost_centre }}"'
)


def test_columns_that_are_not_declared_are_there_for_templates_as_plain_text(write: Write) -> None:
    recipe = load(write(OTHERS, "# For {{ company }}\n\n{% if row.note %}Note: {{ row.note | upper }}{% endif %}\n"))
    assert recipe.others == ("cost_centre", "note")
    cells = {**GOOD, "Cost  Centre": " 0 47 ", "NOTE": "**now** {{ company }}", "esign status": "sent", "more": "x"}
    request = render_row(recipe, cells, provider="esignatures", test=True).request
    assert request.title == "Agreement with Example Company 01, 0 47"
    assert request.document.markdown is not None
    assert request.document.markdown.endswith(r"Note: \*\*NOW\*\* \{\{ COMPANY \}\}")
    empty = render_row(recipe, {**cells, "NOTE": ""}, provider="esignatures", test=True).request
    assert empty.document.markdown == "# For Example Company 01\n\n"


def test_a_columns_name_is_never_a_method(write: Write) -> None:
    recipe = load(write(YAML, "{{ row.items }} {{ row.keys }} {{ row.title }}\n"))
    cells = {**GOOD, "items": "1", "keys": "2", "title": "3"}
    assert render_row(recipe, cells, provider="esignatures", test=True).request.document.markdown == "1 2 3\n"


def test_one_column_may_be_asked_for_in_two_spellings(write: Write) -> None:
    recipe = load(write(YAML, "{{ row.cost_centre }} {{ row.costcentre }}\n"))
    cells = {**GOOD, "Cost Centre": "9"}
    assert render_row(recipe, cells, provider="esignatures", test=True).request.document.markdown == "9 9\n"


def test_a_providers_own_template_gets_the_declared_columns_only(write: Write) -> None:
    recipe = load(write(OTHERS + "templates: {lumin: tmpl-1}\n"))
    request = render_row(recipe, {**GOOD, "cost centre": "9"}, provider="lumin", test=True).request
    assert request.fields == {"company": "Example Company 01", "email": "person01@example.com", "count": "3"}
    assert request.title.endswith(", 9")
