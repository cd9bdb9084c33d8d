"""Text tags: `[sig|req|signer1|Label|UniqueId]` in the text of a PDF becomes a field (guide on text tags).

A tag needs its first three parts and no blanks; what lacks one of them, or has an unknown type, is no tag and stays
text. A tag whose requirement or signer is wrong is reported later, when the request is processed. The tags stay in the
document. (The guide has samples with blanks in the label, against its own notes; the notes are followed.)
"""

from __future__ import annotations

import ctypes
import re
import threading
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import pypdfium2
from pypdfium2 import raw

from sandbox.contract import Signer
from sandbox.paper import Placed, PlacedKind

KINDS: dict[str, PlacedKind] = {"sig": "signature", "initial": "initials", "text": "text", "date": "date"}
HEIGHT_POINTS = 15.0
"""Fields are as high as 12-point letters need, and as wide as their tag, however long."""

_TAG = re.compile(r"\[([^\s|\[\]]+)\|([^\s|\[\]]+)\|([^\s|\[\]]+)((?:\|[^\s|\[\]]*)*)\]")
_SIGNER = re.compile(r"signer([1-9][0-9]{0,3})")
_GRID = 100_000
# pdfium must not be called from two threads at once.
_one_at_a_time = threading.Lock()


class Unreadable(Exception):
    """A PDF that cannot be searched for tags."""


class Tag(NamedTuple):
    """One tag as it stands in the text, and its place; `page` counts from 0, the rest are fractions of the page."""

    text: str
    page: int
    x: float
    y: float
    width: float
    height: float


def found_in(pdf: bytes) -> list[Tag]:
    """All tags, in reading order; it blocks for some hundredths of a second. Raises Unreadable."""
    with _one_at_a_time:
        try:
            with pypdfium2.PdfDocument(pdf) as document:
                return [tag for number in range(len(document)) for tag in _on_page(document[number], number)]
        except pypdfium2.PdfiumError:
            raise Unreadable from None


def fields(tags: Iterable[Tag], signers: Sequence[Signer]) -> tuple[tuple[Placed, ...], str]:
    """The fields of the signers, who count from 1 as they were listed, and in words what is wrong with the first tag
    that is invalid, or nothing."""
    placed = []
    for tag in tags:
        kind, need, assigned, rest = _parts(tag.text)
        signer = _SIGNER.fullmatch(assigned)
        if need not in ("req", "noreq"):
            return (), f"Invalid text tag {tag.text}: the requirement has to be req or noreq."
        if signer is None or int(signer[1]) > len(signers):
            return (), f"Invalid text tag {tag.text}: there is no such signer."
        placed.append(
            Placed(
                signer=signers[int(signer[1]) - 1].id,
                kind=KINDS[kind],
                page=tag.page,
                x=tag.x,
                y=tag.y,
                width=tag.width,
                height=tag.height,
                required=need == "req",
                label=rest[0].replace("_", " ").strip() if rest else "",
            )
        )
    return tuple(placed), ""


def _parts(text: str) -> tuple[str, str, str, list[str]]:
    """The underscores that make a field longer stand after the last part and are no part of it."""
    kind, need, assigned, *rest = (part.rstrip("_") for part in text[1:-1].split("|"))
    return kind, need, assigned, rest


def _on_page(page: Any, number: int) -> Iterable[Tag]:
    text = page.get_textpage()
    letters = [raw.FPDFText_GetUnicode(text, index) for index in range(text.count_chars())]
    words = "".join(chr(code) if code else "\0" for code in letters)
    high = HEIGHT_POINTS / page.get_height()
    for match in _TAG.finditer(words):
        if match[1].rstrip("_") not in KINDS:
            continue
        corners = [
            _as_shown(page, x, y)
            for left, bottom, right, top in (text.get_charbox(index) for index in range(*match.span()))
            for x, y in ((left, bottom), (right, top))
        ]
        left, right = min(x for x, _ in corners), max(x for x, _ in corners)
        bottom = max(y for _, y in corners)
        top = max(0.0, bottom - high)
        yield Tag(match[0], number, round(left, 5), round(top, 5), round(right - left, 5), round(high, 5))


def _as_shown(page: Any, x: float, y: float) -> tuple[float, float]:
    """A point of the page's own system as fractions of what is shown, which may be turned and be a part of it."""
    across, down = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(page, 0, 0, _GRID, _GRID, 0, x, y, across, down)
    return min(1.0, max(0.0, across.value / _GRID)), min(1.0, max(0.0, down.value / _GRID))
