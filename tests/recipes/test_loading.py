"""A recipe is found by name or path, and what is wrong with it is said with its line before any row is looked at."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from recipes.errors import RecipeError
from recipes.loading import available, folders, load
from tests.recipes.conftest import YAML, Write
from tests.recipes.document.making import joined, page, picture


def test_a_recipe_is_found_by_its_folder_or_its_file(write: Write) -> None:
    folder = write()
    assert load(folder).name == load(folder / "recipe.yaml").name == load(str(folder)).name == "small"
    assert load(folder).campaign == "small"


def test_ones_own_folder_of_recipes_goes_before_ours(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(name="nda")
    monkeypatch.setenv("ESIGN_RECIPES", str(folder.parent))
    assert load("nda").id == "small"
    assert [recipe.name for recipe in available()] == ["nda", "policy-acknowledgement"]


def test_a_broken_recipe_does_not_hide_the_others(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write("id: [")
    monkeypatch.setenv("ESIGN_RECIPES", str(folder.parent))
    assert set(folders()) == {"nda", "policy-acknowledgement", "small"}
    assert load("nda").id == "nda"


def test_a_name_that_is_nearly_right_gets_a_hint() -> None:
    with pytest.raises(RecipeError, match="did you mean policy-acknowledgement"):
        load("policy_acknowledgment")


def test_an_unknown_name_gets_the_list(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="there are nda, policy-acknowledgement"):
        load("xyzzy")
    with pytest.raises(RecipeError, match=r"is missing: a recipe is a folder with a recipe\.yaml in it"):
        load(tmp_path)


def test_a_folder_of_recipes_that_is_not_there_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESIGN_RECIPES", "/nowhere/at/all")
    with pytest.raises(RecipeError, match="ESIGN_RECIPES names"):
        load("nda")


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("id: small", "id: small: one", 1, "put the text in quotes"),
        ("id: small", "id: small\nid: again", 2, '"id" is there twice'),
        ("key: [company]", "key: [company", 17, "correct the YAML"),
        ("title: A", "titel: A", 0, "title: is missing"),
        ("key: [company]", "key: [company]\nremind: 3d", 17, "remind: is no setting"),
        ("type: email", "type: mail", 8, "columns.email.type: should be 'text', 'email'"),
        ("required: false", 'required: "no"', 14, "columns.count.required: should be a valid boolean"),
        ("key: [company]", "key: [companny]", 16, "key: names the column companny, which is not declared"),
        ("key: [company]", "key: [count]", 16, "key: names the column count, which may stay empty"),
        ("person01@example.com", "person01", 10, 'columns.email.example: "person01" is not an e-mail address'),
        ("{{ company }}\ndocument", "{{ compny }}\ndocument", 17, "title: 'compny' is no column here"),
        ('name: "{{ company }}"', 'name: "{{ company"', 21, "signers.0.name: unexpected end of template"),
        ("document: document.md", "document: letter.md", 18, "letter.md cannot be read beside recipe.yaml"),
        ("document: document.md", "document: ../document.md", 18, "should be the plain name of a file"),
        ("document: document.md", "message: hello", 0, "names either a document or a template"),
        ("document: document.md", "template: a\ntemplates: {docsautomator: b}", 19, "stands beside a document"),
        ("key: [company]", "templates: {DocsAutomator: b}", 16, "templates.DocsAutomator"),
        ("key: [company]", "templates: {docsautomator: 665}", 16, "should be a valid string"),
        ("key: [company]", "expires_in_days: 0", 16, "expires_in_days: should be greater than or equal to 1"),
        ("key: [company]", "expires_in_days: 1\nexpires_in_hours: 1", 17, "not both"),
        ("key: [company]", "reminders: {first: 3 days, every: 1d, most: 1}", 16, "like 3d or 12h"),
        ("key: [company]", "campaign: '{{ company }}'", 16, "campaign: 'company' is no column here"),
        ("  company:\n", "  Company:\n", 4, "columns.Company"),
        ("  company:\n", "  loop:\n", 4, "this name means something"),
        ("  company:\n", "  esign_status:\n", 4, "is one we write"),
        ("    description: The company.\n", "    choices: [a]\n    description: x\n", 4, "belong to the type choice"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(write: Write, old: str, new: str, line: int, said: str) -> None:
    assert old in YAML
    folder = write(YAML.replace(old, new, 1))
    with pytest.raises(RecipeError) as caught:
        load(folder)
    where = f"{folder / 'recipe.yaml'}, line {line}: " if line else f"{folder / 'recipe.yaml'}: "
    assert str(caught.value).startswith(where), str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_column_the_document_names_and_nobody_declared_is_found_before_any_row(write: Write) -> None:
    folder = write(document="# Title\n\nFor {{ company }}\nand {{ somebody }}\n")
    with pytest.raises(RecipeError, match=r"document\.md, line 4: 'somebody' is no column here"):
        load(folder)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[[sign:nobody]]", "has an anchor for 'nobody', which is nobody's role: there are signer"),
        ("[[signature:signer]]", "has '[[signature:signer', which is no anchor: write it like [[sign:signer]]"),
        ("[[Sign:signer]]", "has '[[Sign:signer', which is no anchor"),
        ("[[ sign: signer ]]", "has '[[ sign: signer ', which is no anchor"),
        ("[[sign:{{ company }}]]", "has '[[sign:{{ company }}', which is no anchor"),
        ("[[text:signer|]]", "has '[[text:signer|', which is no anchor"),
        ("| a | [[text:signer|City]] |", "has a labelled anchor in a table, where | begins a column"),
    ],
)
def test_an_anchor_that_would_come_to_nothing_is_found_before_any_row(write: Write, line: str, said: str) -> None:
    folder = write(document=f"# Title\n\n{line}\n")
    with pytest.raises(RecipeError) as caught:
        load(folder)
    assert str(caught.value).startswith(f"{folder / 'document.md'}, line 3: {said}"), str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("text", ["[[sign:signer]] [[date?:signer|On]]", "[[note: to be signed]]", "a [[1]] [b]: c"])
def test_anchors_and_other_brackets_are_fine(write: Write, text: str) -> None:
    assert load(write(document=text)).markdown == text


PDF = YAML.replace("document: document.md", "document: letter.pdf")


def test_a_pdf_is_loaded_once_with_its_fields(write: Write) -> None:
    pdf = page((50, 100, "[[sign:signer]]"), (120, 100, "[[date:signer]]"))
    recipe = load(write(PDF, pdf=("letter.pdf", pdf)))
    assert (recipe.pdf, recipe.markdown) == (pdf, None)
    assert [(field.role, field.kind.value) for field in recipe.placed] == [("signer", "signature"), ("signer", "date")]
    assert "%PDF" not in repr(recipe)


@pytest.mark.parametrize(
    ("pdf", "said"),
    [
        (page((50, 100, "[[sign:nobody]]")), ", page 1, has an anchor for 'nobody', which is nobody's role"),
        (joined(picture(), page((50, 100, "[[sing:signer]]"))), ", page 2, has '[[sing:signer', which is no anchor"),
        (page((50, 100, "x"), password="secret"), " is encrypted: save it anew"),
        (page((50, 100, "x"), password=""), " is encrypted: save it anew"),
        (b"no pdf", " is not a PDF that can be read"),
        (page((50, 100, "x")).replace(b"/Count 1", b"/Count \xb4"), " cannot be added to: save it anew"),
    ],
)
def test_what_is_wrong_with_a_pdf_is_said_with_the_line_that_names_it(write: Write, pdf: bytes, said: str) -> None:
    folder = write(PDF, pdf=("letter.pdf", pdf))
    with pytest.raises(RecipeError) as caught:
        load(folder)
    assert str(caught.value).startswith(f"{folder / 'recipe.yaml'}, line 18: document: letter.pdf{said}")


def test_a_pdf_that_is_missing_is_said_so(write: Write) -> None:
    with pytest.raises(RecipeError, match=r"line 18: document: letter\.pdf cannot be read beside recipe\.yaml: put it"):
        load(write(PDF))


def test_what_a_recipe_can_say_besides(write: Write) -> None:
    recipe = load(
        write(YAML + "reminders: {first: 3d, every: 12h, most: 2}\nexpires_in_days: 30\nextra: {labels: [one]}\n")
    )
    assert recipe.reminders is not None
    assert (recipe.reminders.first, recipe.reminders.every) == (timedelta(days=3), timedelta(hours=12))
    assert recipe.lifetime_hours == 720
    assert recipe.extra == {"labels": ["one"]}
    assert (recipe.provider, recipe.account) == ("esignatures", "sandbox")


def test_the_key_is_made_of_all_required_columns_when_it_is_left_out(write: Write) -> None:
    assert load(write(YAML.replace("key: [company]\n", ""))).key_columns == ("company", "email")


@pytest.mark.parametrize("content", ["", "just text", "- a\n- b\n", "&a [*a]", "\t", "id: !!python/object:os.system x"])
def test_what_is_no_recipe_at_all_is_one_sentence_too(write: Write, content: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load(write(content))
    assert "\n" not in str(caught.value)
