"""Marks in a document's text as eSignatures' signer fields."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.signing.anchors import ANCHOR, anchors
from connectors.signing.errors import Unsupported
from connectors.signing.esignatures_markdown import refuse_fields, with_signer_fields
from connectors.signing.model import Signer

ROLES = ("us", "third-party", "them")
FIELD = re.compile(r"`(\{.*\})`$")


def signers(*roles: str) -> list[Signer]:
    return [
        Signer(role=role, name=f"Signer {at}", email=f"person0{at}@example.com", order=at)
        for at, role in enumerate(roles, start=1)
    ]


def written(markdown: str, *roles: str) -> str:
    return with_signer_fields(markdown, signers(*(roles or ROLES)))


def fields(markdown: str) -> list[dict[str, Any]]:
    return [json.loads(match[1]) for line in markdown.split("\n") if (match := FIELD.search(line))]


def outline(markdown: str, *roles: str) -> str:
    """The text with each field's settings shortened to its id."""
    shown = [
        FIELD.sub(lambda match: f"<{json.loads(match[1])['signer_field_id']}>", line)
        for line in written(markdown, *roles).split("\n")
    ]
    return "\n".join(shown)


# -- fields ----------------------------------------------------------------------------------------------------------


def test_a_field_is_an_object_in_backticks_at_the_end_of_its_line() -> None:
    assert written("City: [[text:us|City]]") == (
        'City: `{"line_type": "text-input", "input_type": "only_first_signer", '
        '"input_required": "yes", "signer_field_id": "us_city"}`'
    )


@pytest.mark.parametrize(
    ("word", "line_type", "name"),
    [
        ("date", "date", "us_date"),
        ("text", "text-input", "us_text"),
        ("initials", "text-input", "us_initials"),
        ("check", "checkbox", "us_checkbox"),
    ],
)
def test_each_kind_of_mark_is_a_kind_of_line(word: str, line_type: str, name: str) -> None:
    (field,) = fields(written(f"[[{word}:us]]"))
    assert (field["line_type"], field["signer_field_id"]) == (line_type, name)


def test_a_question_mark_makes_a_field_optional() -> None:
    assert [field["input_required"] for field in fields(written("[[date:us]]\n\n[[date?:us]]"))] == ["yes", "no"]


@pytest.mark.parametrize(
    ("roles", "who"),
    [
        (["a"], ["first"]),
        (["a", "b"], ["first", "second"]),
        (["a", "b", "c"], ["first", "second", "last"]),
    ],
)
def test_who_fills_in_is_said_by_their_turn(roles: list[str], who: list[str]) -> None:
    text = "\n\n".join(f"[[date:{role}]]" for role in roles)
    assert [field["input_type"] for field in fields(written(text, *roles))] == [f"only_{one}_signer" for one in who]


def test_turns_count_and_not_the_place_in_the_list() -> None:
    late, early = signers("a", "b")
    text = with_signer_fields("[[date:b]]", [late.model_copy(update={"order": 5}), early])
    assert fields(text)[0]["input_type"] == "only_first_signer"


def test_a_field_of_the_third_of_four_cannot_be_said_and_the_other_three_can() -> None:
    four = ("a", "b", "third-one", "d")
    assert len(fields(written("[[date:a]]\n[[date:b]]\n[[date:d]]\n[[sign:third-one]]", *four))) == 3
    with pytest.raises(Unsupported, match="third-one"):
        written("[[date:third-one]]", *four)


@pytest.mark.parametrize("mark", ["[[sign:nobody]]", "[[date:nobody]]", "| a |\n|---|\n| [[sign:nobody]] |"])
def test_a_mark_of_nobody_here_is_refused_by_name(mark: str) -> None:
    with pytest.raises(Unsupported, match="nobody"):
        written(mark)


def test_no_two_fields_have_one_id() -> None:
    text = "[[text:us|City]]\n\n[[text:us|City]]\n\n[[text:third-party|Straße 1]]\n\n[[text:us|名前]]\n\n[[text:us]]"
    assert [field["signer_field_id"] for field in fields(written(text))] == [
        "us_city",
        "us_city_2",
        "third_party_stra_e_1",
        "us_text",
        "us_text_2",
    ]


# -- lines -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # alone: called by its label, or by kind and role
        ("[[text:us|City]]", "City <us_city>"),
        ("[[date:third-party]]", "Date, third-party <third_party_date>"),
        ("**[[date:us]]**", "Date, us <us_date>"),
        ("[[check:us|I `agree`]]", "I 'agree' <us_i_agree>"),
        # behind its words
        ("Date: [[date:us]].", "Date: <us_date>"),
        ("**Date:** [[date:us]]", "**Date:** <us_date>"),
        ("**Date: [[date:us]]**", "**Date:** <us_date>"),
        ("(Date: [[date:us]])", "(Date:) <us_date>"),
        ("Your city [[text:us|City]]", "Your city <us_city>"),
        ("Place: [[text:us|City]] Date: [[date:us]]", "Place: <us_city>\n\nDate: <us_date>"),
        ("[[text:us|City]] [[date:us]]", "City <us_city>\n\nDate, us <us_date>"),
        # what is ticked has its words behind it
        ("[[check:us]] I agree.", "I agree. <us_checkbox>"),
        ("[[check:us]] Yes [[check:us]] No", "Yes <us_checkbox>\n\nNo <us_checkbox_2>"),
        ("I agree [[check:us]]", "I agree <us_checkbox>"),
        # amid a sentence: the sentence stays whole
        (
            "In [[text:us|City]] on [[date:us]], as agreed.",
            "In (City) on (Date, us), as agreed.\n\nCity <us_city>\n\nDate, us <us_date>",
        ),
        ("## Date [[date:us]]", "## Date (Date, us)\n\nDate, us <us_date>"),
        ("## [[date:us]]", "Date, us <us_date>"),
        # a paragraph of its own
        ("Above\nDate: [[date:us]]\nbelow", "Above\n\nDate: <us_date>\n\nbelow"),
        ("Above\n\n[[date:us]]\n\nbelow", "Above\n\nDate, us <us_date>\n\nbelow"),
        ("In [[text:us|City]] it was\nas said.\n\nbelow", "In (City) it was\nas said.\n\nCity <us_city>\n\nbelow"),
        # lists stay lists
        ("- Name: [[text:us|Name]]\n- other", "- Name: <us_name>\n- other"),
        ("1. [[check:us]] Yes\n2. [[check:them]] No", "1. Yes <us_checkbox>\n2. No <them_checkbox>"),
        ("- [[text:us|A]] [[text:us|B]]", "- A <us_a>\n- B <us_b>"),
        ("1. In [[text:us|City]] now\n2. b", "1. In (City) now\n\n    City <us_city>\n\n2. b"),
        ("> Date: [[date:us]]", "> Date: <us_date>"),
    ],
)
def test_a_field_has_the_words_around_its_mark(text: str, expected: str) -> None:
    assert outline(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[sign:us]]", ""),
        ("Above\n\n[[sign:us]]\n\n[[sign:them]]\n\nbelow\n", "Above\n\nbelow\n"),
        ("Above\n[[sign:us]]\nbelow", "Above\n\nbelow"),
        ("Above\n\n[[sign:us]] [[sign:them]]<br>\n", "Above\n"),
        ("Above\n\n**[[sign:us]]**, &nbsp; _[[sign:them]]_\n", "Above\n"),
        ("- a\n- [[sign:us]]\n- b", "- a\n- b"),
        ("> said\n>\n> [[sign:us]]", "> said\n>"),
        ("## [[sign:us]]\n\nbelow", "below"),
        ("For us: [[sign:us]]\nFor them: [[sign:them]]", "For us:\n\nFor them:"),
        ("Signed by us [[sign:us]], and by them [[sign:them]].", "Signed by us, and by them."),
        ("[[sign:us]] (for the company)", "(for the company)"),
        ("[[sign:us]] [[date:us]]", ""),
        ("Signature: [[sign:us]] Date: [[date:us]]", "Signature:\n\nDate: <us_date>"),
        (
            "| A | B |\n| --- | --- |\n| one | two |\n| [[sign:us]] | [[sign:them]] |\n\nbelow",
            "| A | B |\n| --- | --- |\n| one | two |\n\nbelow",
        ),
        ("Above\n\n| | |\n|---|---|\n| [[sign:us]] | [[sign:them]] |\n\nbelow\n", "Above\n\nbelow\n"),
        ("| [[sign:us]] | [[sign:them]] |\n|---|---|\n\nbelow", "below"),
        (
            "| [[sign:us]] | [[sign:them]] |\n|:-:|:-:|\n| Signer One | Signer Two |",
            "|  |  |\n|:-:|:-:|\n| Signer One | Signer Two |",
        ),
        ("| For us | [[sign:us]] |\n|---|---|", "| For us |  |\n|---|---|"),
        ("| | |\n|---|---|\n| | |\n| [[sign:us]] | |", "| | |\n|---|---|\n| | |"),
        ("| | |\n|---|---|\n\n[[sign:us]]", "| | |\n|---|---|\n"),
    ],
)
def test_a_signature_leaves_nothing_behind_and_takes_no_word_with_it(text: str, expected: str) -> None:
    assert outline(text) == expected


def test_no_field_stands_in_a_table_but_below_it() -> None:
    table = """\
| For us | For them |
| --- | --- |
| [[sign:us]] | [[sign:them]] |
| [[date:us]] | [[date:them]] |
| Place [[text:us|City]] | |

after
"""
    assert (
        outline(table)
        == """\
| For us | For them |
| --- | --- |
| Place (City) | |

Date, us <us_date>

Date, them <them_date>

City <us_city>

after
"""
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# Terms\n\n\n\nNo mark here, [[nothing:us]], [[sign:US]].  \r\n",
        "```\n[[sign:us]]\n\n\n[[date:us]]\n```\n",
        "~~~~ text\n[[sign:us]]\n~~~\n[[sign:us]]",
        "Write `[[sign:us]]` or ``a ` [[date:us]]``.",
        "What a row says: \\[[sign:us]], \\[\\[date:nobody\\]\\]",
    ],
)
def test_what_is_no_mark_stays_to_the_letter(text: str) -> None:
    assert written(text) == text


def test_backticks_out_of_a_row_hide_no_mark() -> None:
    assert outline(r"Company A\` [[date:us]] B\`") == "Company A\\` (Date, us) B\\`\n\nDate, us <us_date>"


def test_two_backslashes_are_one_and_the_mark_stands() -> None:
    assert outline("\\\\[[date:us]]") == "Date, us <us_date>"


# -- whatever the text -----------------------------------------------------------------------------------------------

marks = st.builds(
    lambda word, optional, role, label: f"[[{word}{optional}:{role}{label}]]",
    st.sampled_from(["sign", "date", "text", "initials", "check"]),
    st.sampled_from(["", "?"]),
    st.sampled_from(ROLES),
    st.sampled_from(["", "|Label 1", "|Ort"]),
)
pieces = st.sampled_from(
    [
        "word",
        "Date:",
        " ",
        "\n",
        "\n\n",
        "- ",
        "1. ",
        "# ",
        "> ",
        "**",
        "|",
        "\n|---|---|\n",
        "| a | b |\n",
        ". ",
        "    ",
    ]
)
texts = st.lists(marks | pieces, max_size=30).map("".join)


def asked_for(line: str) -> int:
    """How many fields a line asks for: the date beside a signature, with nothing else on the line, is none."""
    found = [anchor for _, anchor in anchors(line)]
    signing = {anchor.role for anchor in found if anchor.kind.value == "signature"}
    alone = not ANCHOR.sub("", line).strip() and not line.startswith("    ")
    dated = sum(alone and anchor.kind.value == "date" and anchor.role in signing for anchor in found)
    return sum(anchor.kind.value != "signature" for anchor in found) - dated


@given(texts)
def test_no_mark_is_lost_or_left_whatever_the_text(text: str) -> None:
    result = written(text)
    made = fields(result)
    assert len(made) == sum(asked_for(line) for line in text.split("\n"))
    assert list(anchors(result)) == []
    assert result.count("`") == 2 * len(made)  # each of them ends its line
    assert len({field["signer_field_id"] for field in made}) == len(made)


@given(texts)
def test_every_word_of_the_text_is_in_the_result_as_often(text: str) -> None:
    said = re.sub(r"\[\[.*?\]\]", " ", text)
    result = FIELD.sub("", written(text))
    for word in ("word", "Date:", "a", "b"):
        asked = len(re.findall(rf"(?<!\w){word}(?!\w)", said))
        assert len(re.findall(rf"(?<!\w){word}(?!\w)", result)) >= asked


@given(st.text(alphabet="[]|:`\\\n -#>*signdate_us?1.", max_size=200))
def test_no_text_makes_it_fail_but_a_role_that_is_none(text: str) -> None:
    try:
        written(text)
    except Unsupported:
        assert any(anchor.role not in ROLES for _, anchor in anchors(text))


@given(
    st.text(alphabet="[]|:`\\\n -#>*signdate_us?1.", max_size=200) | texts,
    st.sampled_from((ROLES, ("us", "b"), ("a", "b", "us", "d"))),
)
def test_what_cannot_be_said_is_refused_without_writing_it_exactly_where_writing_fails(
    text: str, roles: tuple[str, ...]
) -> None:
    said = []
    for tried in (with_signer_fields, refuse_fields):
        try:
            tried(text, signers(*roles))
        except Unsupported as problem:
            said.append(str(problem))
        else:
            said.append("")
    assert said[0] == said[1]


def test_a_mark_of_nobody_that_is_only_text_is_not_refused() -> None:
    refuse_fields("`[[sign:nobody]]`, \\[[date:nobody]]\n\n[[sign:us]]", signers(*ROLES))
    with pytest.raises(Unsupported, match="nobody"):
        refuse_fields("`[[sign:nobody]]`, [[date:nobody]]\n\n[[sign:us]]", signers(*ROLES))


def test_a_long_text_takes_no_long_time() -> None:
    text = "word " * 20_000 + "`" * 5_000 + "| - " * 20_000 + "\\" * 50_000 + "\n" + "[[date:us]] word\n" * 2_000
    began = time.monotonic()
    assert len(fields(written(text))) == 2_000
    assert time.monotonic() - began < 5


def test_a_date_beside_the_same_person_s_signature_is_the_provider_s_own() -> None:
    assert fields(written("Signer One\n\n[[sign:us]] [[date:us|Date]]")) == []
    assert len(fields(written("[[sign:us]]\n\n[[date:us|Date]]"))) == 1
