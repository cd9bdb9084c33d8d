"""Finds the anchors in a PDF's text, and so the places where its signers write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from connectors.signing.anchors import ANCHOR, Anchor
from connectors.signing.anchors import read as read_anchor
from connectors.signing.model import PlacedField
from recipes.document.letters import Letter, Page, pages
from recipes.document.sizes import SIZES

_GAP = 1.5
"""Millimetres between a field and what stands to its right, and between a field and the page's edge."""


@dataclass(frozen=True)
class Found:
    """An anchor and the box of its letters, those on its first line, in fractions of the page."""

    anchor: Anchor
    left: float
    top: float
    right: float
    bottom: float


def find(pdf: bytes) -> list[PlacedField]:
    """The fields a PDF's anchors ask for, page by page; none if its text is only a picture of text.

    A field begins where its anchor begins and stands on the anchor's line. It grows upwards, so an author leaves
    room above the line: 12 mm for a signature. Raises `DocumentError` for a PDF that cannot be read.
    """
    return fields(pages(pdf))


def fields(read: Iterable[Page]) -> list[PlacedField]:
    """The same, of pages that have been read."""
    return [field for at, page in enumerate(read) for field in _fields(at, page)]


def letters_of(page: Page) -> str:
    """The page's letters without gaps: what anchors are looked for in."""
    return "".join(letter.text for letter in _written(page))


def _fields(number: int, page: Page) -> Iterator[PlacedField]:
    found = list(_found(page))
    for one in found:
        size = SIZES[one.anchor.kind]
        edge, gap = 1 - _GAP / page.width, _GAP / page.width
        free = min([edge, *(left - gap for left in _beside(one, page.letters))]) - one.left
        width = max(min(size.width / page.width, free), size.narrowest / page.width)
        left = max(0.0, min(one.left, edge - width))
        top = max(0.0, one.bottom - size.height / page.height)
        yield PlacedField(
            role=one.anchor.role,
            kind=one.anchor.kind,
            page=number,
            x=left,
            y=top,
            width=min(width, 1 - left),
            height=min(one.bottom, 1.0) - top,
            required=one.anchor.required,
            label=one.anchor.label,
        )


def _found(page: Page) -> Iterator[Found]:
    letters = _written(page)
    for match in ANCHOR.finditer("".join(letter.text for letter in letters)):
        box = _first_line(letters[match.start() : match.end()])
        left, right = min(letter.left for letter in box), max(letter.right for letter in box)
        top, bottom = min(letter.top for letter in box), max(letter.bottom for letter in box)
        if 0 <= (left + right) / 2 <= 1 and 0 <= (top + bottom) / 2 <= 1:  # else nobody sees it: it was cropped away
            yield Found(read_anchor(match), max(left, 0.0), top, right, bottom)


def _written(page: Page) -> list[Letter]:
    """The letters without the gaps that pdfium sees where an anchor is drawn in pieces or broken by its line's end;
    within a label they part words."""
    letters: list[Letter] = []
    for letter in page.letters:
        if not letter.made:
            letters.append(letter)
        elif _in_a_label(letters) and letters[-1].text != " ":
            letters.append(replace(letters[-1], text=" ", made=True))
    return letters


_LABEL_BEGINS = re.compile(r"\[\[[a-z]+\??:[a-z0-9-]+\|[^\[\]|]*$")


def _in_a_label(letters: Sequence[Letter]) -> bool:
    return bool(_LABEL_BEGINS.search("".join(letter.text for letter in letters[-160:])))


def _first_line(letters: Sequence[Letter]) -> list[Letter]:
    first = letters[0]
    middle = (first.top + first.bottom) / 2
    return [letter for letter in letters if letter.top <= middle <= letter.bottom and letter.left >= first.left] or [
        first
    ]


def _beside(one: Found, letters: Sequence[Letter]) -> Iterator[float]:
    """Where the letters to the right of an anchor begin, on its line."""
    for letter in letters:
        if not letter.made and letter.text.strip() and letter.left >= one.right:
            overlap = min(one.bottom, letter.bottom) - max(one.top, letter.top)
            if overlap > 0.3 * min(one.bottom - one.top, letter.bottom - letter.top):
                yield letter.left
