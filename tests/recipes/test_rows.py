"""A row under a recipe: its columns, its key, its values."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipes.errors import RecipeError, RowProblem
from recipes.headers import folded
from recipes.loading import load
from recipes.model import Column, Recipe
from recipes.rows import check_columns, row_key, row_values
from recipes.values import read
from tests.recipes.conftest import YAML, Write

GOOD = {"company": "Example Company 01", "email": "person01@example.com", "count": "3"}


def column(kind: str, **more: object) -> Column:
    return Column.model_validate({"type": kind, "example": "x", "description": "x", **more})


@pytest.mark.parametrize(
    ("given_column", "cell", "value"),
    [
        (column("text"), "  two \n words\u200b ", "two words"),
        (column("email"), " Person01@Example.COM ", "Person01@example.com"),
        (column("integer"), "007", 7),
        (column("integer"), "-5", -5),
        (column("date"), "2026-03-05", date(2026, 3, 5)),
        (column("choice", choices=("Full time", "Part time")), "full  TIME", "Full time"),
        (column("phone"), "+44 20 7946 0018", "+442079460018"),
        (column("phone", region="GB"), "020 7946 0018", "+442079460018"),
        (column("text", required=False), " ", ""),
        (column("integer", default="3"), "", 3),
    ],
)
def test_a_cell_is_read_as_what_its_column_holds(given_column: Column, cell: str, value: object) -> None:
    assert read("it", given_column, cell) == value


@pytest.mark.parametrize(
    ("given_column", "cell", "said"),
    [
        (column("text"), " ", "it: is empty; fill it in."),
        (column("email"), "abc", 'it: "abc" is not an e-mail address; correct it.'),
        (column("email"), "a@example.com, b@example.com", "is not an e-mail address"),
        (column("email"), "Signer One <person01@example.com>", "is not an e-mail address"),
        (column("integer"), "1.5", "is not a whole number"),
        (column("integer"), "1,000", "is not a whole number"),
        (column("integer"), "9" * 5000, "is not a whole number"),
        (column("date"), "5/3/2026", "can be read in two ways; write it like 2026-12-31"),
        (column("date"), "31/31/2026", "is not a date; write it like 2026-12-31"),
        (column("date"), "tomorrow", "is not a date"),
        (column("number"), "1.234", "can be read in two ways; write it like 1234 or 1234.00"),
        (column("number"), "1,23,456", "is not a number; write it like 1234.56"),
        (column("number", decimal="comma"), "1.5", "is not a number; write it like 1234,56"),
        (column("money", currency="EUR"), "$ 12", "is in USD; give it in EUR"),
        (column("yes_no"), "perhaps", "is neither yes nor no; write one of them"),
        (column("url"), "example", "is not a web address"),
        (column("url"), "javascript:alert(1)", "is not a web address"),
        (column("date"), "2026-02-30", "is not a date"),
        (column("choice", choices=("a", "b")), "c", "is not one of a, b; choose one of them"),
        (column("phone"), "020 7946 0018", "is not a phone number; write it like +44"),
        (column("text"), "a\x07b", "holds invisible characters"),
        (column("text"), "a\u202eb", "holds invisible characters"),
        (column("text"), "a" * 5001, "is longer than 5000 characters"),
    ],
)
def test_a_bad_cell_says_which_column_and_what_to_do(given_column: Column, cell: str, said: str) -> None:
    with pytest.raises(RowProblem) as caught:
        read("it", given_column, cell)
    assert str(caught.value).startswith("it: ")
    assert said in str(caught.value)


def test_all_bad_cells_of_a_row_are_named_at_once(small: Recipe) -> None:
    with pytest.raises(RowProblem, match=r"company: is empty.*email: .*count: "):
        row_values(small, {"company": "", "email": "x", "count": "many"})


def test_headers_match_whatever_their_capitals_and_spaces(small: Recipe) -> None:
    check_columns(small, ["COMPANY ", "E mail", "remarks"])
    assert row_key(small, {"COMPANY ": "a"}) == "a"


def test_missing_columns_are_named_with_what_there_is_instead(small: Recipe) -> None:
    with pytest.raises(RecipeError) as caught:
        check_columns(small, ["Company", "Mail"])
    assert str(caught.value) == (
        "The sheet lacks the column email, which the recipe small needs; it has Company, Mail: "
        "rename 'Mail' to email, or add the column."
    )


def test_of_many_or_long_columns_the_sentence_names_the_first_ones(small: Recipe) -> None:
    with pytest.raises(RecipeError) as caught:
        check_columns(small, ["company", "Emai" + "l" * 500, *(f"column {number}" for number in range(500))])
    assert ", column 17 and 482 more: " in str(caught.value) and len(str(caught.value)) < 700


def test_two_headers_for_one_column_are_refused(small: Recipe) -> None:
    with pytest.raises(RecipeError, match="both mean email"):
        check_columns(small, ["company", "email", "Email"])


def test_a_column_that_templates_ask_for_has_to_be_there_declared_or_not(write: Write) -> None:
    recipe = load(write(YAML, "{{ row.cost_centre }}\n"))
    check_columns(recipe, ["company", "email", "Cost-Centre"])
    with pytest.raises(RecipeError, match=r"lacks the column cost_centre, .*rename 'Cost Center' to cost_centre"):
        check_columns(recipe, ["company", "email", "Cost Center"])
    with pytest.raises(RecipeError, match="both mean cost_centre"):
        check_columns(recipe, ["company", "email", "cost centre", "Cost Centre"])
    with pytest.raises(RowProblem, match=r"email: .*cost_centre: holds invisible"):
        row_values(recipe, {**GOOD, "email": "x", "cost centre": "\u202e"})


def test_retyping_a_key_makes_no_new_row(write: Write) -> None:
    recipe = load(write(YAML.replace("key: [company]", "key: [company, email, number]").replace(
        "columns:\n", "columns:\n  number: {type: integer, description: A number., example: '1'}\n"
    )))  # fmt: skip
    one = row_key(recipe, {"company": " Example  Company\u00a001", "email": "Person01@Example.com", "number": "007"})
    two = row_key(recipe, {"company": "Ｅxample Company 01\u200b", "email": "person01@example.com ", "number": "7"})
    assert one == two == "Example Company 01 / person01@example.com / 7"


def test_capitals_count_in_a_text_key(small: Recipe) -> None:
    assert row_key(small, {"company": "AB"}) != row_key(small, {"company": "ab"})


def test_a_row_without_a_key_says_so(small: Recipe) -> None:
    with pytest.raises(RowProblem, match="company: is empty; fill it in, as it tells this row from the others"):
        row_key(small, {"company": " \u200b ", "email": "x"})


TWO = YAML.replace("key: [company]", "key: [company, code]").replace(
    "columns:\n", "columns:\n  code: {description: A code., example: x}\n"
)
WORDS = st.text("ab /", min_size=1, max_size=8).map(folded).filter(bool)


@given(st.tuples(WORDS, WORDS), st.tuples(WORDS, WORDS))
def test_different_keys_never_look_alike(two: Recipe, one: tuple[str, str], other: tuple[str, str]) -> None:
    keys = [row_key(two, {"company": company, "code": code}) for company, code in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    folder = tmp_path_factory.mktemp("two")
    (folder / "recipe.yaml").write_text(TWO)
    (folder / "document.md").write_text("x")
    return load(folder)
