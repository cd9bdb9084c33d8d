"""A document is made ready for whichever provider takes files, in this process or in another."""

from __future__ import annotations

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import pytest

from connectors.signing.model import Document, FieldKind, PlacedField
from recipes.document.finding import find
from recipes.document.preparing import prepared
from recipes.errors import DocumentError, RowProblem
from tests.recipes.document.making import THEM, US, page, picture, words

MARKDOWN = Document(markdown="# Agreement\n\n[[sign:us]] [[date:us]]\n\n[[sign:them]]")


def numbered(roles: tuple[str, ...], field: PlacedField) -> str:
    return f"[{field.kind.value}|req|signer{roles.index(field.role) + 1}]"


def test_markdown_becomes_a_pdf_with_fields() -> None:
    ready = prepared(MARKDOWN, "Agreement", [US, THEM])
    assert ready.markdown is None
    assert ready.pdf is not None
    assert [(field.role, field.kind.value) for field in ready.fields] == [
        ("us", "signature"),
        ("us", "date"),
        ("them", "signature"),
    ]
    assert words(ready.pdf)[0].startswith("Agreement")


def test_a_pdf_gets_the_fields_its_anchors_ask_for() -> None:
    pdf = page((20, 100, "[[sign:us]]"))
    assert prepared(Document(pdf=pdf), "Agreement", [US]) == Document(pdf=pdf, fields=tuple(find(pdf)))


def test_fields_that_are_known_already_are_taken() -> None:
    field = PlacedField(role="us", kind=FieldKind.SIGNATURE, page=0, x=0.5, y=0.5, width=0.2, height=0.04)
    document = Document(pdf=picture(), fields=(field,))
    assert prepared(document, "Agreement", [US]) == document


def test_who_has_no_anchor_gets_one_and_its_mark() -> None:
    ready = prepared(MARKDOWN.model_copy(update={"markdown": "Text"}), "Agreement", [US, THEM], _tag())
    assert ready.pdf is not None
    first, last = words(ready.pdf)
    assert first.startswith("Text")
    assert "[signature|req|signer1]" in last
    assert "[signature|req|signer2]" in last


def test_a_providers_template_stays_as_it_is() -> None:
    document = Document(template="tmpl-1")
    assert prepared(document, "Agreement", [US]) is document


def test_an_anchor_of_nobody_is_refused() -> None:
    with pytest.raises(DocumentError, match="has an anchor for 'them', which is nobody's role"):
        prepared(MARKDOWN, "Agreement", [US])


def test_another_process_makes_the_same_and_tells_of_the_same_problems() -> None:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        there = pool.submit(prepared, MARKDOWN, "Agreement", [US, THEM], _tag()).result(60)
        assert there == prepared(MARKDOWN, "Agreement", [US, THEM], _tag())
        with pytest.raises(RowProblem, match="typeface has no '王'"):
            pool.submit(prepared, Document(markdown="王"), "Agreement", [US]).result(60)
    problem = pickle.loads(pickle.dumps(DocumentError("is encrypted")))
    assert (type(problem), str(problem)) == (DocumentError, "is encrypted")


def _tag() -> partial[str]:
    return partial(numbered, ("us", "them"))
