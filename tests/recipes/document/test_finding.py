"""Anchors are found in PDFs whoever made them, and their fields are where a reader sees them."""

from __future__ import annotations

import itertools
from io import BytesIO

import pytest
from fpdf import FPDF
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from connectors.signing.model import FieldKind
from recipes.document.finding import find
from recipes.errors import DocumentError
from tests.examples import examples
from tests.recipes.document.making import A4, apart, cropped, joined, lower_left, page, picture, turned

TURNS = (0, 90, 180, 270)


def test_a_field_begins_at_its_anchor_and_stands_on_its_line() -> None:
    (field,) = find(page((50, 100, "[[sign:them]]")))
    assert (field.role, field.kind, field.page, field.required, field.label) == (
        "them",
        FieldKind.SIGNATURE,
        0,
        True,
        "",
    )
    assert apart(lower_left(field), (50, 100)) < 1
    assert (field.width * A4[0], field.height * A4[1]) == pytest.approx((60, 12), abs=0.01)


@pytest.mark.parametrize(
    ("text", "kind", "width", "height"),
    [
        ("[[sign:us]]", FieldKind.SIGNATURE, 60, 12),
        ("[[initials:us]]", FieldKind.INITIALS, 20, 10),
        ("[[date:us]]", FieldKind.DATE, 35, 7),
        ("[[text:us]]", FieldKind.TEXT, 60, 7),
        ("[[check:us]]", FieldKind.CHECKBOX, 5, 5),
    ],
)
def test_each_kind_has_its_size(text: str, kind: FieldKind, width: float, height: float) -> None:
    (field,) = find(page((50, 100, text)))
    assert field.kind is kind
    assert (field.width * A4[0], field.height * A4[1]) == pytest.approx((width, height), abs=0.01)


@settings(max_examples=examples(40), deadline=None)
@given(
    st.floats(min_value=5, max_value=150),
    st.floats(min_value=20, max_value=290),
    st.floats(min_value=4, max_value=14),
    st.sampled_from(TURNS),
    st.one_of(st.just((0.0, 0.0)), st.tuples(st.floats(1, 300), st.floats(1, 300))),
)
def test_turned_and_cropped_pages_change_nothing(
    x: float, y: float, size: float, degrees: int, by: tuple[float, float]
) -> None:
    upright = page((x, y, "[[sign:us]]"), size=size)
    (expected,) = find(upright)
    (field,) = find(cropped(turned(upright, degrees), *by))
    assert apart(lower_left(field), lower_left(expected)) < 0.2
    assert apart((field.width, field.height), (expected.width, expected.height)) < 0.001
    assert apart(lower_left(field), (x, y)) < 1.5


def test_every_page_is_looked_at() -> None:
    fields = find(joined(page((20, 50, "[[sign:us]]")), picture(), page((20, 90, "[[date:us]]"))))
    assert [(field.page, field.kind.value) for field in fields] == [(0, "signature"), (2, "date")]


def test_several_on_one_line_do_not_lie_over_one_another() -> None:
    fields = find(page((20, 100, "[[sign:us]]"), (60, 100, "[[sign:them]]"), (100, 100, "[[date:us]] on this day")))
    assert [field.role for field in fields] == ["us", "them", "us"]
    for left, right in itertools.pairwise(fields):
        assert left.x + left.width < right.x
    assert fields[2].width * A4[0] == pytest.approx(21, abs=2), "what follows it on the line stays readable"


def test_a_field_stays_on_the_page() -> None:
    for field in find(page((185, 5, "[[sign:us]]"), (2, 8, "[[initials:us]]"), (180, 295, "[[text:us]]"), size=4)):
        assert field.x >= 0
        assert field.y >= 0
        assert field.x + field.width <= 1
        assert field.y + field.height <= 1
        assert field.width * A4[0] > 10


def test_an_anchor_drawn_in_pieces_is_one() -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_xy(30, 60)
    for part, style in (("[[", ""), ("si", "B"), ("gn:", ""), ("u", "I"), ("s", ""), ("]", "B"), ("]", "")):
        pdf.set_font("helvetica", style, 11)
        pdf.write(6, part)
    (field,) = find(bytes(pdf.output()))
    assert (field.role, field.kind) == ("us", FieldKind.SIGNATURE)
    assert field.x * A4[0] == pytest.approx(31, abs=0.5)


@pytest.mark.parametrize(
    ("first", "second", "role", "label"),
    [
        ("[[text:us|City of", "birth]]", "us", "City of birth"),
        ("[[text:other-", "party]]", "other-party", ""),
        ("[[text:", "us]]", "us", ""),
    ],
)
def test_an_anchor_broken_by_its_lines_end_is_one(first: str, second: str, role: str, label: str) -> None:
    (field,) = find(page((120, 60, first), (20, 66, second)))
    assert (field.role, field.label) == (role, label)
    assert apart(lower_left(field), (120, 60)) < 1.5


def test_a_label_keeps_its_words_where_the_pdf_has_only_gaps() -> None:
    (field,) = find(page((20, 60, "[[text:us|City"), (52, 60, "of"), (60, 60, "birth]]")))
    assert field.label == "City of birth"


def test_what_is_only_nearly_an_anchor_is_text() -> None:
    assert find(page((20, 60, "[sign:us] [[sign:US]] [[sign]] [ [sign:us]] [[stamp:us]]"))) == []


def test_what_was_cropped_away_is_not_there() -> None:
    sheet = cropped(page((20, 60, "[[sign:us]]")), 100, 100)
    assert len(find(sheet)) == 1
    assert find(_cut_to_the_lower_half(sheet)) == []


def test_a_page_without_text_has_no_fields() -> None:
    assert find(picture()) == []


@pytest.mark.parametrize("pdf", [b"", b"%PDF-1.7", b"PK\x03\x04 a docx", page((1, 1, "x"))[:300]])
def test_what_cannot_be_read_is_said_so(pdf: bytes) -> None:
    with pytest.raises(DocumentError, match=r"^is not a PDF that can be read: save it anew as an ordinary PDF$"):
        find(pdf)


@pytest.mark.parametrize("password", ["", "secret"])
def test_an_encrypted_pdf_is_refused_even_if_anybody_may_read_it(password: str) -> None:
    with pytest.raises(DocumentError, match="is encrypted: save it anew"):
        find(page((20, 60, "[[sign:us]]"), password=password))


def _cut_to_the_lower_half(pdf: bytes) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(pdf)))
    box = writer.pages[0].cropbox
    box.upper_right = (float(box.right), float(box.bottom) + float(box.height) / 2)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()
