"""Markdown becomes a PDF that reads well, and that is the same every time."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.signing.model import FieldKind
from recipes.document.finding import find
from recipes.document.letters import pages
from recipes.document.render import draw, render
from recipes.errors import RowProblem
from recipes.escaping import plain
from tests.examples import examples
from tests.recipes.document.making import A4, apart, darkest, lower_left, pictures, words

LONG = "Lorem ipsum dolor sit amet consetetur sadipscing elitr. " * 12
PIECES = st.sampled_from(
    ["# ", "## ", "- ", "1. ", "10. ", "> ", "    ", "| a | b |\n| - | - |\n", "| ", "```\n", "\n\n", "\n", "**", "*",
     "~~", "`", "[l](http://x.example/y)", "![i](x)", "[[sign:us]]", "[[check:us|Yes]]", "[[date:us]]",
     "[[text?:us|A b]]", "word ", "{nb}", "\\", "--", "__", "x" * 150, "---\n", "<b>", "*Ж*", "Ελ", "\u200b",
     "\ue000\ue005a\ue006b\ue007"]
)  # fmt: skip


def test_everything_that_markdown_says_is_on_the_page() -> None:
    (text,) = words(
        render(
            "# Heading\n\nA **bold** and *slanted* word.\n\n- dot\n\n7. seventh\n8. eighth\n\n> quoted\n\n"
            "| Left | Right |\n| --- | --- |\n| one | **two** |\n\n```\ncode  here\n```\n\n"
            "[page](https://example.com/a) <b>tag</b> ![seal](seal.png)\n",
            "Title",
        )
    )
    for part in ("Heading", "A bold and slanted word.", "• dot", "7. seventh", "8. eighth", "quoted", "Left Right",
                 "one two", "code here", "page (https://example.com/a)", "<b>tag</b> seal"):  # fmt: skip
        assert part in text, part


def test_letters_of_europe_are_drawn_and_can_be_read_back() -> None:
    (text,) = words(render("Ærøskøbing, Łódź, Ґданськ, *Ελλάδα*, Việt Nam, **1 000 €**", "T"))
    assert "Ærøskøbing, Łódź, Ґданськ, Ελλάδα, Việt Nam" in text


def test_a_letter_the_typeface_lacks_is_refused_rather_than_left_out() -> None:
    with pytest.raises(RowProblem, match=r"document: the PDF's typeface has no '王' \(U\+738B\); write it in"):
        render("Signed by 王", "T")


def test_pages_are_numbered_in_the_same_type_on_each() -> None:
    pdf = render("\n\n".join([f"[[date:us]] {LONG}"] * 16), "T")
    assert [text.split()[-3:] for text in words(pdf)] == [[str(number), "/", "4"] for number in range(1, 5)]
    numbers = [[letter for letter in page.letters if letter.text == "/" and letter.top > 0.9] for page in pages(pdf)]
    heights = [slash.bottom - slash.top for (slash,) in numbers]
    assert max(heights) - min(heights) < 1e-4


def test_the_same_text_gives_the_same_bytes() -> None:
    text = f"# A\n\n{LONG}\n\n| a | [[sign:us]] |\n| --- | --- |\n| *c* | ~~d~~ |\n\n[[sign:us]]"
    assert render(text, "T") == render(text, "T")
    assert render(text, "T") != render(text + ".", "T")


def test_a_heading_is_not_left_alone_at_the_foot_of_a_page() -> None:
    for lines in range(36, 48):
        texts = words(render("\n\n".join(["x"] * lines + ["## Heading", LONG]), "T"))
        assert not any(text.split(" / ")[0].endswith("Heading 1") for text in texts), lines


def test_who_signs_stands_on_the_page_where_they_sign() -> None:
    for lines in range(30, 46):
        drawn = draw("\n\n".join(["x"] * lines + ["**Signer One**", "[[sign:us]]"]), "T")
        assert "Signer One" in words(drawn.pdf)[drawn.fields[0].page], lines


def test_a_row_that_no_page_can_hold_is_the_rows_problem() -> None:
    with pytest.raises(RowProblem, match="a row of a table is higher than a page; shorten"):
        render(f"| a | b |\n| --- | --- |\n| {LONG * 12} | c |", "T")
    columns = 60
    with pytest.raises(RowProblem, match="too many columns"):
        render("| " + "a |" * columns + "\n| " + "- |" * columns + "\n| " + "b |" * columns, "T")


def test_a_signature_has_twelve_millimetres_of_white_above_its_line() -> None:
    drawn = draw(f"{LONG}\n\n[[sign:us]] [[date:us]]\n\n{LONG}", "T")
    signature, date = drawn.fields
    assert (signature.kind, date.kind) == (FieldKind.SIGNATURE, FieldKind.DATE)
    assert signature.height * A4[1] == pytest.approx(12)
    assert 55 < signature.width * A4[0] <= 60
    (image,) = pictures(drawn.pdf, 144)
    for field in drawn.fields:
        bottom = field.y + field.height
        assert darkest(image, field.x, field.y, field.x + field.width, bottom - 0.6 / A4[1]) == 255
        assert darkest(image, field.x, bottom - 0.6 / A4[1], field.x + field.width, bottom + 0.6 / A4[1]) < 200
    assert signature.x + signature.width < date.x


def test_places_in_a_sentence_a_list_and_a_table_keep_out_of_the_text() -> None:
    drawn = draw(
        f"{LONG} The deposit is [[text:us]] euros by [[date:us]]. {LONG}\n\n- Initials [[initials:us]] {LONG}\n\n"
        f"| Name | Signature |\n| --- | --- |\n| Signer One | [[sign:us]] |\n\n- [[check:us]] {LONG}",
        "T",
    )
    (image,) = pictures(drawn.pdf, 144)
    assert [field.kind.value for field in drawn.fields] == ["text", "date", "initials", "signature", "checkbox"]
    for field in drawn.fields[:4]:
        height = field.height - 0.6 / A4[1]
        assert darkest(image, field.x, field.y, field.x + field.width, field.y + height) == 255, field.kind


def test_an_anchor_that_a_row_spells_is_only_text() -> None:
    drawn = draw(f"For {plain('[[sign:us]]')}, `[[date:us]]`", "T")
    assert drawn.fields == ()
    assert "For [[sign:us]]" in words(drawn.pdf)[0]


def test_an_optional_anchor_gives_an_optional_field_with_its_name() -> None:
    (field,) = draw("[[text?:us|City of birth]]", "T").fields
    assert (field.kind, field.required, field.label, field.role) == (FieldKind.TEXT, False, "City of birth", "us")
    assert "City of birth" in words(draw("[[text?:us|City of birth]]", "T").pdf)[0].replace("[[text?:us|City", "")


def test_nothing_is_fetched_or_read_for_an_image() -> None:
    (text,) = words(render("![seal](/etc/hostname) ![x](http://127.0.0.1:9/x.png)", "T"))
    assert text.startswith("seal x")


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES, max_size=25).map("".join))
def test_whatever_the_text_there_is_a_pdf_and_every_place_is_on_it(text: str) -> None:
    try:
        drawn = draw(text, "T")
    except RowProblem as problem:
        assert "too many columns" in str(problem)
        return
    assert all(field.x + field.width <= 1 and field.y + field.height <= 1 for field in drawn.fields)
    assert len(pages(drawn.pdf)) > max([-1, *(field.page for field in drawn.fields)])


ANCHORS = st.builds(
    "[[{}{}:{}{}]]".format,
    st.sampled_from(["sign", "initials", "date", "text", "check"]),
    st.sampled_from(["", "?"]),
    st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True),
    st.one_of(st.just(""), st.from_regex(r"\|[A-Za-zäß]{1,9}( [a-z,]{1,9}){0,2}", fullmatch=True)),
)
SENTENCES = st.lists(
    st.one_of(st.sampled_from(["word", "a (b)", "**bold**", LONG[:90]]), ANCHORS), min_size=1, max_size=5
)
BLOCKS = st.builds("{}{}".format, st.sampled_from(["", "- ", "> ", "## "]), SENTENCES.map(" ".join))


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(BLOCKS, min_size=1, max_size=6).map("\n\n".join))
def test_what_is_drawn_is_found_again_where_it_is(text: str) -> None:
    drawn = draw(text, "T")
    found = find(drawn.pdf)
    assert len(found) == len(drawn.fields)
    for field in drawn.fields:
        same = [one for one in found if _named(one) == _named(field)]
        assert min(apart(lower_left(one), lower_left(field)) for one in same) < 2
        assert any(one.height == pytest.approx(field.height) for one in same)


def _named(field: object) -> tuple[object, ...]:
    return tuple(getattr(field, name) for name in ("page", "role", "kind", "label", "required"))
