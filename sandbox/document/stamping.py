"""What is laid over the pages of an uploaded document: signatures, words, dates and ticks, and a foot."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from sandbox.document.fonts import HAND, TEXT
from sandbox.document.layout import ACCENT, INK, MUTED
from sandbox.document.lettering import Lettering
from sandbox.document.stamp import put_stamp
from sandbox.fields import placed_fields
from sandbox.paper import Paper, Party, Placed, Signature

_TICK = ((0.12, 0.55), (0.4, 0.85), (0.9, 0.12))
_FOOT_MM = 4.0


class Overlay(Lettering):
    """Pages of the same sizes as the document's, with nothing on them but what is added."""

    def __init__(self, paper: Paper) -> None:
        super().__init__(unit="mm")
        self.paper = paper
        self.set_margin(0)
        self.set_auto_page_break(False)
        self.c_margin = 0
        self._parties = {party.id: party for party in paper.parties}
        self._answers = {id(place): field.id for place, field in placed_fields(paper)}

    def stamp(self, number: int, width: float, height: float) -> None:
        """Adds the overlay of one page, counted from 0, of this size in millimetres."""
        self.add_page(format=(width, height))
        if self.paper.test:
            put_stamp(self, see_through=True)
        self._put_foot()
        for place in self.paper.placed:
            party = self._parties.get(place.signer)
            if place.page == number and party is not None and party.state == "signed":
                self._put(place, party)

    def _put(self, place: Placed, party: Party) -> None:
        x, y, width, height = place.x * self.w, place.y * self.h, place.width * self.w, place.height * self.h
        if place.kind in ("signature", "initials"):
            if party.signature is not None:
                self._put_ink(place, party, party.signature, (x, y, width, height))
            return
        value = (party.values or {}).get(self._answers[id(place)], "")
        if place.kind == "checkbox":
            if value:
                self._put_tick(x, y, width, height)
        elif value:
            shown = self.fitting(" ".join(value.split()), min(11.0, height * self.k * 0.75), width, TEXT)
            self._put_words(shown, (x, y, width, height), INK)

    def _put_ink(
        self, place: Placed, party: Party, signature: Signature, box: tuple[float, float, float, float]
    ) -> None:
        x, y, width, height = box
        if place.kind == "signature" and signature.kind == "drawn" and signature.png:
            with Image.open(BytesIO(signature.png)) as picture:
                ratio = min(width / picture.width, height / picture.height)
                self.image(picture, x, y + (height - picture.height * ratio) / 2, picture.width * ratio)
            return
        name = signature.text or party.name
        words = name if place.kind == "signature" else "".join(word[0] for word in name.split())
        shown = self.fitting(words, min(27.0, height * self.k * 0.8), width, HAND)
        self._put_words(shown, box, ACCENT)

    def _put_words(self, text: str, box: tuple[float, float, float, float], colour: tuple[int, int, int]) -> None:
        x, y, width, height = box
        self.set_text_color(colour)
        self.set_xy(x, y)
        self.cell(width, height, text)

    def _put_tick(self, x: float, y: float, width: float, height: float) -> None:
        side = min(width, height) * 0.85
        left, top = x + (width - side) / 2, y + (height - side) / 2
        self.set_draw_color(INK)
        self.set_line_width(side * 0.12)
        self.polyline([(left + px * side, top + py * side) for px, py in _TICK])

    def _put_foot(self) -> None:
        demo = "DEMO   ·   " if self.paper.test else ""
        words = f"{demo}Document {self.paper.id}   ·   Made by a sandbox for trying out; binds nobody"
        shown = self.fitting(words, 6.5, self.w - 2 * _FOOT_MM)
        self._put_words(shown, (_FOOT_MM, self.h - _FOOT_MM - 1, self.w - 2 * _FOOT_MM, 3), MUTED)
