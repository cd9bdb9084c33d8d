"""Everybody who signs has a place to, and nobody else has one."""

from __future__ import annotations

import itertools
from io import BytesIO

import pytest
from pypdf import PdfReader, PdfWriter

from connectors.signing.model import Document, FieldKind, Signer
from recipes.document.finding import find
from recipes.document.placing import place, unplaced
from recipes.document.render import draw
from recipes.errors import DocumentError, RecipeError
from tests.recipes.document.making import A4, THEM, US, apart, darkest, lower_left, page, picture, pictures, words

BOTH = page((20, 100, "[[sign:us]] and"), (20, 150, "[[sign:them]]"))


def test_where_everybody_has_an_anchor_the_pdf_stays_as_it_is() -> None:
    placed = place(BOTH, [US, THEM])
    assert placed.pdf is BOTH
    assert placed.added == ()
    assert [field.role for field in placed.fields] == ["us", "them"]


def test_who_has_none_signs_on_a_page_at_the_end() -> None:
    placed = place(page((20, 100, "[[sign:us]] text")), [US, THEM])
    assert placed.added == ("them",)
    assert [(field.role, field.kind, field.page) for field in placed.fields] == [
        ("us", FieldKind.SIGNATURE, 0),
        ("them", FieldKind.SIGNATURE, 1),
        ("them", FieldKind.DATE, 1),
    ]
    first, last = words(placed.pdf)
    assert first == "[[sign:us]] text"
    assert last.startswith("Signatures This page belongs to the page before it. Signer One")
    assert "Signer Zero" not in last
    image = pictures(placed.pdf, 144)[1]
    for field in placed.fields[1:]:
        bottom = field.y + field.height
        assert darkest(image, field.x, field.y, field.x + field.width, bottom - 0.6 / A4[1]) == 255
        assert darkest(image, field.x, bottom - 0.6 / A4[1], field.x + field.width, bottom + 0.6 / A4[1]) < 200


def test_a_date_alone_is_no_place_to_sign() -> None:
    assert place(page((20, 100, "[[date:us]]")), [US]).added == ("us",)


def test_a_scanned_document_gets_everybody_on_the_last_page() -> None:
    placed = place(picture(), [US, THEM])
    assert placed.added == ("us", "them")
    assert {field.page for field in placed.fields} == {1}
    assert "Signer Zero, for Example Company 00" in words(placed.pdf)[1]


def test_the_added_fields_can_be_found_like_any_other() -> None:
    placed = place(picture(), [US, THEM])
    found = find(placed.pdf)
    assert [(field.role, field.kind, field.page) for field in found] == [
        (field.role, field.kind, field.page) for field in placed.fields
    ]
    for one, other in zip(found, placed.fields, strict=True):
        assert apart(lower_left(one), lower_left(other)) < 2


def test_however_many_sign_each_has_room() -> None:
    many = [Signer(role=f"r{n}", name=f"Signer {n}", email=f"person{n}@example.com") for n in range(30)]
    placed = place(picture(), many)
    signatures = [field for field in placed.fields if field.kind is FieldKind.SIGNATURE]
    assert [field.role for field in signatures] == [signer.role for signer in many]
    pages = words(placed.pdf)
    for field in signatures:
        assert f"Signer {field.role[1:]}" in pages[field.page]
    for above, below in itertools.pairwise(signatures):
        assert above.page < below.page or above.y + above.height < below.y


def test_a_name_is_a_name_whatever_it_is_made_of() -> None:
    odd = Signer(role="them", name="# **One** [[sign:us]]", email="person01@example.com", company="| a `b` |")
    placed = place(page((20, 100, "[[sign:us]]")), [US, odd])
    assert "# **One** [[sign:us]], for | a `b` |" in words(placed.pdf)[1]
    assert [field.role for field in placed.fields] == ["us", "them", "them"]


def test_an_anchor_of_nobody_is_said_with_the_roles_there_are() -> None:
    with pytest.raises(
        DocumentError, match=r"has an anchor for 'us', which is nobody's role: there are them$"
    ) as caught:
        place(BOTH, [THEM])
    assert isinstance(caught.value, RecipeError)


def test_what_else_is_in_the_pdf_stays() -> None:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(page((20, 100, "text")))))
    writer.add_outline_item(title="Chapter one", page_number=0)
    writer.add_metadata({"/Subject": "Kept"})
    out = BytesIO()
    writer.write(out)
    reader = PdfReader(BytesIO(place(out.getvalue(), [US]).pdf))
    assert [item["/Title"] for item in reader.outline] == ["Chapter one"]
    assert reader.metadata is not None
    assert reader.metadata["/Subject"] == "Kept"


def test_the_same_pdf_and_signers_give_the_same_bytes() -> None:
    assert place(picture(), [US, THEM]).pdf == place(picture(), [US, THEM]).pdf


def test_what_would_be_added_is_known_without_drawing_it() -> None:
    text = "[[sign:us]] [[date:them]]"
    assert unplaced(Document(markdown=text), [US, THEM]) == ("them",)
    assert place(draw(text, "T").pdf, [US, THEM]).added == ("them",)
    assert unplaced(Document(pdf=page((20, 100, text))), [US, THEM]) == ("them",)
    assert unplaced(Document(pdf=BOTH, fields=tuple(find(BOTH))), [US, THEM]) == ()
    assert unplaced(Document(template="tmpl-1"), [US, THEM]) == ()


def test_a_pdf_that_cannot_be_added_to_is_said_so() -> None:
    broken = page((20, 100, "text")).replace(b"/Count 1", b"/Count \xb4")
    assert find(broken) == [], "pdfium reads it all the same"
    with pytest.raises(DocumentError, match="cannot be added to: save it anew as an ordinary PDF"):
        place(broken, [US])
