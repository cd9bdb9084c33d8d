"""Whatever stands in a cell, in a Markdown document it is plain text."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from recipes.language import fill

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
NASTY = st.text(
    st.one_of(
        st.sampled_from("\\`*_{}[]()<>#+-.!|~=&:;\"'/@$^% 1\n\ta"), st.characters(exclude_categories=["Cs", "Cc"])
    ),
    max_size=30,
)
PIECES = st.lists(
    st.sampled_from(
        ["**x**", "[a](http://b)", "![i](x)", "`c`", "{{ x }}", "# ", "1. ", "- ", "> ", "&amp;", "<b>", "---", "===",
         "| a | b |", "~~~", "```", "<http://a.example>", "\\", "&#42;", "www.a.example", "[r]: /u", "\n\n", " x "]
    )
).map("".join)  # fmt: skip
SURROUNDINGS = {
    "in a sentence": ("A {{ x }} z", "A {} z"),
    "alone on a line": ("{{ x }}", "{}"),
    "in a heading": ("# A {{ x }}", "A {}"),
    "in a list": ("- {{ x }}", "{}"),
    "in bold": ("A **b{{ x }}b** z", "A b{}b z"),
    "under a line": ("Above\n{{ x }}", "Above\n{}"),
}


def shown(markdown: str) -> str:
    """The text a reader sees, and proof that no markup came out of the value."""
    texts = []
    for token in PARSER.parse(markdown):
        assert token.type not in {"fence", "code_block", "html_block", "hr", "blockquote_open"}, token.type
        for child in token.children or []:
            assert child.type in {"text", "softbreak", "strong_open", "strong_close", "text_special"}, child.type
            texts.append("\n" if child.type == "softbreak" else child.content)
    return "".join(texts)


@pytest.mark.parametrize("surroundings", SURROUNDINGS.values(), ids=list(SURROUNDINGS))
@given(value=st.one_of(NASTY, PIECES))
def test_any_value_stays_plain_text(surroundings: tuple[str, str], value: str) -> None:
    template, expected = surroundings
    folded = " ".join(value.split())
    assert (
        shown(fill(template, {"x": value}, markdown=True)).strip()
        == expected.format("\0").strip().replace("\0", folded).strip()
    )


@given(value=st.one_of(NASTY, PIECES))
def test_any_value_stays_in_its_cell_of_a_table(value: str) -> None:
    tokens = PARSER.parse(fill("| a | b |\n| --- | --- |\n| {{ x }} | z |\n", {"x": value}, markdown=True))
    cells = [token.content for token in tokens if token.type == "inline"]
    assert len(cells) == 4
    assert cells[3] == "z"


@pytest.mark.parametrize(
    "value",
    [
        '`{"line_type": "text-input", "input_type": "every_signer"}`',
        'x `{"alignment": "center"}`',
        "x\u2028`{}`",
        "x\x0b`{}`",
    ],
)
def test_a_value_never_becomes_a_field_of_the_signers(value: str) -> None:
    for line in fill("Company: {{ x }}", {"x": value}, markdown=True).splitlines():
        config = re.search(r"`(\{.*\})`\s*$", line)
        assert config is None or not is_json(config[1])
    assert "{{" not in fill("{{ x }}", {"x": "{{ amount }}"}, markdown=True)


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    "value", ["Example & Partners 02, Ltd.", "A: #1 (north)", "person01@example.com", "2026-03-05"]
)
def test_ordinary_names_and_addresses_stay_readable_in_the_source(value: str) -> None:
    assert fill("{{ x }}", {"x": value}, markdown=True).replace("\\#", "#") == value
