"""Every recipe in the repository: its examples and its sample sheet are its test."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from connectors.sheets import read
from connectors.signing.anchors import ANCHOR
from connectors.signing.model import Document, FieldKind
from recipes import schema
from recipes.document.placing import unplaced
from recipes.document.preparing import prepared
from recipes.loading import BUILT_IN, folders, load
from recipes.rendering import check_columns, example_cells, render_row, row_key

NAMES = [path.parent.name for path in sorted(BUILT_IN.glob("*/recipe.yaml"))]


def test_there_are_recipes() -> None:
    assert {"nda", "policy-acknowledgement"} <= set(NAMES) == set(folders())


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_renders_its_own_examples(name: str) -> None:
    rendered = render_row(load(name), example_cells(load(name)), provider="esignatures", test=True)
    assert rendered.request.test


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_renders_its_own_sample_sheet(name: str) -> None:
    recipe = load(name)
    sheet = read(recipe.folder / "sample.csv")
    check_columns(recipe, sheet.columns)
    assert sheet.columns == tuple(recipe.columns), "the sample shows every column, in the recipe's order"
    rendered = [render_row(recipe, row.cells, provider="esignatures", test=True) for row in sheet.rows]
    assert 2 <= len(rendered) == len({row_key(recipe, row.cells) for row in sheet.rows})
    for one in rendered:
        assert all(signer.email.endswith("@example.com") for signer in one.request.signers)
        assert one.request.document.markdown is None or "{{" not in one.request.document.markdown


@pytest.mark.parametrize("name", NAMES)
def test_a_document_says_at_its_top_that_it_is_a_sample(name: str) -> None:
    top = (load(name).markdown or "").split("##")[0]
    assert "Sample text for trying out" in top
    assert "not legal advice" in top


@pytest.mark.parametrize("name", NAMES)
def test_a_paragraph_is_one_line(name: str) -> None:
    """eSignatures reads a document line by line, so a wrapped paragraph might come out in pieces."""
    kind = re.compile(r"[#|*]|\[\[|- |\d+\. |\{%|\w")
    lines = (load(name).markdown or "").splitlines()
    for above, below in itertools.pairwise(lines):
        text = [line for line in (above, below) if line and not re.match(r"[#|]|- |\d+\. |\{%", line)]
        assert len(text) < 2, f"{above!r} and {below!r}"
        assert not below or kind.match(below)


@pytest.mark.parametrize("name", NAMES)
def test_everybody_signs_and_dates_within_the_document(name: str) -> None:
    recipe = load(name)
    rendered = render_row(recipe, example_cells(recipe), provider="lumin", test=True).request
    ready = prepared(rendered.document, rendered.title, rendered.signers)
    assert unplaced(rendered.document, rendered.signers) == ()
    assert [(field.role, field.kind) for field in ready.fields] == [
        (signer.role, kind) for signer in rendered.signers for kind in (FieldKind.SIGNATURE, FieldKind.DATE)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_the_places_to_sign_stand_in_paragraphs_of_their_own(name: str) -> None:
    """Whoever takes no anchors leaves them out; what is around them has to make sense without them."""
    recipe = load(name)
    text = render_row(recipe, example_cells(recipe), provider="esignatures", test=True).request.document.markdown or ""
    for paragraph in text.split("\n\n"):
        assert "[[" not in paragraph or not ANCHOR.sub("", paragraph).strip()


@pytest.mark.parametrize("name", NAMES)
def test_docsautomator_gets_its_own_template_with_every_column(name: str) -> None:
    recipe = load(name)
    request = render_row(recipe, example_cells(recipe), provider="docsautomator", test=True).request
    assert request.document == Document(template=recipe.templates["docsautomator"])
    assert set(request.fields) == set(recipe.columns)


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_folder_holds_no_program(name: str) -> None:
    assert {path.suffix for path in (BUILT_IN / name).iterdir()} <= {".yaml", ".md", ".csv"}


def test_the_companys_side_of_an_nda_signs_second() -> None:
    assert [(signer.role, signer.order) for signer in load("nda").signers] == [("counterparty", 1), ("us", 2)]


def test_the_schema_file_is_current() -> None:
    assert schema.PLACE.read_text(encoding="utf-8") == schema.written(), "run: python -m recipes.schema"


def test_every_setting_of_a_recipe_is_described_in_a_sentence() -> None:
    made = schema.schema()
    for model in (made, *made["$defs"].values()):
        for name, setting in model["properties"].items():
            assert re.match(r"[A-Z].*[.]$", setting.get("description", "")), name


@pytest.mark.parametrize("path", [BUILT_IN / name / "recipe.yaml" for name in NAMES], ids=NAMES)
def test_every_recipe_agrees_with_the_schema(path: Path) -> None:
    content = json.loads(json.dumps(YAML(typ="safe").load(path)))
    Draft202012Validator(schema.schema()).validate(content)
