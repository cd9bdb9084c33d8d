"""The block each party signs in."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from sandbox.document.fonts import HAND, TEXT
from sandbox.document.layout import ACCENT, INK, MUTED, RULE, Sheet, moment
from sandbox.paper import Party, Signature

_HEIGHT, _GUTTER, _INK_HEIGHT = 37.0, 12.0, 17.0


def set_signatures(sheet: Sheet) -> None:
    """Sets the blocks two abreast, in signing order, never across a page."""
    sheet.ln(4)
    sheet.heading("Signatures", 14, room=_HEIGHT + 12)
    sheet.ln(2)
    width = (sheet.epw - _GUTTER) / 2
    parties = sheet.paper.parties
    for first in range(0, len(parties), 2):
        sheet.keep_together(_HEIGHT)
        top = sheet.y
        for column, party in enumerate(parties[first : first + 2]):
            _set_block(sheet, party, sheet.l_margin + column * (width + _GUTTER), top, width)
        sheet.set_xy(sheet.l_margin, top + _HEIGHT)


def _set_block(sheet: Sheet, party: Party, x: float, y: float, width: float) -> None:
    if party.signature is not None:
        _set_ink(sheet, party.signature, x, y, width)
    line = y + _INK_HEIGHT + 1
    sheet.set_draw_color(MUTED if party.signature else RULE)
    sheet.set_line_width(0.25)
    sheet.line(x, line, x + width, line)
    _put(sheet, party.name, x, line + 1.4, width, "B", 10.5)
    _put(sheet, party.email, x, line + 6, width, "", 9)
    _put(sheet, _state(party), x, line + 10.2, width, "", 9)


def _put(sheet: Sheet, text: str, x: float, y: float, width: float, emphasis: str, size: float) -> None:
    shown = sheet.fitting(text, size, width, TEXT, emphasis)
    sheet.set_text_color(INK if emphasis else MUTED)
    sheet.set_xy(x, y)
    sheet.cell(width, 4.6, shown)


def _set_ink(sheet: Sheet, signature: Signature, x: float, y: float, width: float) -> None:
    if signature.kind == "drawn" and signature.png:
        with Image.open(BytesIO(signature.png)) as picture:
            ratio = min(width * 0.8 / picture.width, _INK_HEIGHT / picture.height)
            sheet.image(picture, x, y + _INK_HEIGHT - picture.height * ratio, picture.width * ratio)
        return
    shown = sheet.fitting(signature.text, 27, width, HAND)
    sheet.set_text_color(ACCENT)
    sheet.set_xy(x, y + _INK_HEIGHT - 11)
    sheet.cell(width, 10, shown)


def _state(party: Party) -> str:
    if party.state == "signed" and party.signed_at is not None:
        return f"Signed {moment(party.signed_at)}"
    return "Declined to sign" if party.state == "declined" else "Not signed yet"
