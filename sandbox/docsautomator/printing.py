"""Makes the PDF that an automation generates, and notes where its `{{esign.…}}` tags stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, cast

from sandbox.document.body import set_body
from sandbox.document.layout import BODY_PT, LEADING, RULE, Sheet
from sandbox.document.markup import Run, parse
from sandbox.paper import Paper
from sandbox.placeholders import Placeholder, fill, keys_in

FieldType = Literal["signature", "date", "text", "checkbox"]
_TAG = re.compile(r"\{\{(esign\.((signature|date|text|checkbox)_([1-9][0-9]*)(?:_(\w+))?))\}\}")
_LABEL_MM, _LINE_MM, _BOX_MM = 26.0, 82.0, 4.4
_HEIGHT_MM: dict[FieldType, float] = {"signature": 13.0, "date": 7.0, "text": 7.0, "checkbox": _BOX_MM}


@dataclass(frozen=True)
class Tag:
    """One tag: `{{esign.text_1_name}}` has the id `text_1_name`, the type `text`, the signer 1 and the label `name`
    (eSign overview, Field Types). `box` is its place: page from 0, then left, top, width and height as fractions of
    the page."""

    id: str
    type: FieldType
    signer: int
    label: str
    box: tuple[int, float, float, float, float]


def placeholders_of(markdown: str) -> list[str]:
    """The names that a request's data can fill, each once."""
    return [key for key in keys_in(markdown) if not key.startswith("esign.")]


def filled(text: str, values: Mapping[str, str], *, markdown: bool = True) -> str:
    """The text with its placeholders replaced. A name without a value leaves nothing behind (not documented), and no
    value can bring a tag of its own."""
    safe = {key: values.get(key, "").replace("{{", "{ {") for key in placeholders_of(text)}
    return fill(text, [Placeholder(key, "text" if markdown else "markdown", value) for key, value in safe.items()])


def printed(paper: Paper, markdown: str) -> tuple[bytes, list[Tag]]:
    """The PDF and its tags, in their order. It blocks for about a tenth of a second; call it in a thread."""
    sheet = _Printed(paper)
    sheet.add_page()
    set_body(sheet, parse(markdown))
    return bytes(sheet.output()), sheet.tags


class _Printed(Sheet):
    """Sets a paragraph with a tag as a label and a line or box to fill in; one tag a paragraph."""

    def __init__(self, paper: Paper) -> None:
        super().__init__(paper)
        self.tags: list[Tag] = []

    def text_block(
        self, runs: Iterable[Run], *, size: float = BODY_PT, bold: bool = False, align: str = "left", indent: float = 0
    ) -> None:
        """As on any sheet, but for paragraphs with a tag."""
        words = list(runs)
        text = "".join(run.text for run in words)
        match = _TAG.search(text)
        if match is None:
            super().text_block(words, size=size, bold=bold, align=align, indent=indent)
            return
        kind = cast(FieldType, match[3])
        self.keep_together(_HEIGHT_MM[kind] + 4)
        label = " ".join((text[: match.start()] + text[match.end() :]).split())
        box = self._checkbox(label) if kind == "checkbox" else self._line(label, _HEIGHT_MM[kind])
        self.tags.append(Tag(match[2], kind, int(match[4]), (match[5] or label or kind).replace("_", " "), box))

    def _line(self, label: str, height: float) -> tuple[int, float, float, float, float]:
        top, left = self.y, self.l_margin + _LABEL_MM
        self.style()
        self.set_xy(self.l_margin, top)
        self.cell(_LABEL_MM, height, label)
        self.set_draw_color(RULE)
        self.set_line_width(0.3)
        self.line(left, top + height, left + _LINE_MM, top + height)
        self.set_xy(self.l_margin, top + height + 1)
        return self._place(left, top, _LINE_MM, height)

    def _checkbox(self, label: str) -> tuple[int, float, float, float, float]:
        top = self.y
        self.set_draw_color(RULE)
        self.set_line_width(0.3)
        self.rect(self.l_margin, top, _BOX_MM, _BOX_MM)
        self.style()
        self.set_xy(self.l_margin + _BOX_MM + 2.5, top)
        self.multi_cell(0, BODY_PT * LEADING / self.k, label, align="L", new_x="LMARGIN", new_y="NEXT")
        return self._place(self.l_margin, top, _BOX_MM, _BOX_MM)

    def _place(self, x: float, y: float, width: float, height: float) -> tuple[int, float, float, float, float]:
        return self.page - 1, x / self.w, y / self.h, width / self.w, height / self.h
