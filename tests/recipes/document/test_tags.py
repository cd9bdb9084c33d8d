"""A provider's marks are in the PDF for whoever reads its text, and not for whoever looks at it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from connectors.signing.model import FieldKind, PlacedField
from recipes.document.finding import find
from recipes.document.render import draw
from recipes.document.tags import stamp
from tests.examples import examples
from tests.recipes.document.making import A4, cropped, joined, lower_left, page, pictures, turned, words

LINES = page(*((20, 15 + 8 * n, "Lorem ipsum dolor sit amet consetetur") for n in range(34)))


def mark(field: PlacedField) -> str:
    return f"[sig|req|{field.role}]"


def test_a_mark_can_be_read_and_not_seen() -> None:
    drawn = draw("# Title\n\nText\n\n[[sign:us]] [[date:us]]\n\n[[sign:them]]\n\n[[check:us|Yes]]", "T")
    stamped = stamp(drawn.pdf, drawn.fields, mark)
    (text,) = words(stamped)
    assert (text.count("[sig|req|us]"), text.count("[sig|req|them]")) == (3, 1)
    assert pictures(stamped, 144) == pictures(drawn.pdf, 144)
    assert find(stamped) == find(drawn.pdf)


@settings(max_examples=examples(30), deadline=None)
@given(
    st.floats(0, 0.6),
    st.floats(0.05, 0.9),
    st.sampled_from((0, 90, 180, 270)),
    st.one_of(st.just((0.0, 0.0)), st.tuples(st.floats(1, 300), st.floats(1, 300))),
)
def test_a_mark_lies_within_its_field_however_the_page_is_turned_and_cropped(
    x: float, y: float, degrees: int, by: tuple[float, float]
) -> None:
    sheet = cropped(turned(page((20, 20, "text")), degrees), *by)
    field = PlacedField(role="us", kind=FieldKind.SIGNATURE, page=0, x=x, y=y, width=0.3, height=0.04)
    (found,) = find(stamp(sheet, [field], lambda _: "[[check:mark]]"))  # where it is, as an anchor would be found
    left, bottom = lower_left(found)
    wanted_left, wanted_bottom = lower_left(field)
    assert left == pytest.approx(wanted_left + 0.5, abs=0.3)
    assert wanted_bottom - 3 < bottom < wanted_bottom


def test_marks_go_to_their_own_pages() -> None:
    fields = [
        PlacedField(role=role, kind=FieldKind.DATE, page=number, x=0.1, y=0.5, width=0.2, height=0.02)
        for number, role in ((2, "them"), (0, "us"), (2, "us"))
    ]
    texts = words(stamp(joined(LINES, LINES, LINES), fields, mark))
    assert [[role for role in ("us", "them") if f"[sig|req|{role}]" in text] for text in texts] == [
        ["us"],
        [],
        ["us", "them"],
    ]


def test_a_long_mark_makes_no_hole_in_what_stands_beside_its_field() -> None:
    sheet = page((20, 60, "[[check:us]]"), (26, 60, "and this stands close beside it"), size=3)
    (field,) = find(sheet)
    stamped = stamp(sheet, [field], lambda _: "[check|req|signer1|a rather long label for such a small box|id-1]")
    assert "[check|req|signer1|a rather long label for such a small box|id-1]" in words(stamped)[0]
    width, height = A4
    box = (26 / width, 55 / height, 80 / width, 61 / height)
    before, after = (_part(pictures(pdf, 144)[0], box) for pdf in (sheet, stamped))
    assert before == after


def test_letters_outside_ascii_are_marks_too() -> None:
    (field,) = find(page((20, 60, "[[text:us]]")))
    assert "[text|Größe Ж]" in words(stamp(page((20, 60, "[[text:us]]")), [field], lambda _: "[text|Größe Ж]"))[0]


def test_the_same_marks_give_the_same_bytes() -> None:
    drawn = draw("[[sign:us]]", "T")
    assert stamp(drawn.pdf, drawn.fields, mark) == stamp(drawn.pdf, drawn.fields, mark)


def _part(image: Image.Image, box: tuple[float, float, float, float]) -> bytes:
    width, height = image.size
    left, top, right, bottom = box
    return image.crop(
        (round(left * width), round(top * height), round(right * width), round(bottom * height))
    ).tobytes()


def test_a_mark_that_may_be_stretched_is_as_wide_as_its_field() -> None:
    drawn = draw("# Title\n\n[[sign:us]]", "T")
    (field,) = drawn.fields
    (text,) = words(stamp(drawn.pdf, drawn.fields, lambda _: "[sig|req|signer1|\t]"))
    stretched = next(word for word in text.split() if word.startswith("[sig|"))
    assert stretched.count("_") > 20
    stamped = stamp(drawn.pdf, drawn.fields, lambda _: stretched)
    assert find(stamped) == find(drawn.pdf)
    assert field.width > 0.2
