"""The document's typeface: Source Sans Pro, which pip brings along.

Package font-source-sans-pro, SIL Open Font License. It draws Latin with all its accents, Vietnamese, Greek and
Cyrillic; its italics lack Greek and Cyrillic, whose letters stand upright there. Characters of other scripts are shown
as `SUBSTITUTE`.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from typing import cast

import font_source_sans_pro
from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.fonts import TTFFont

TEXT = "text"
HAND = "hand"
SUBSTITUTE = "◊"

_FILES = Path(font_source_sans_pro.__file__).parent / "files"
_FACES = {
    (TEXT, ""): "SourceSansPro-Regular.ttf",
    (TEXT, "B"): "SourceSansPro-Bold.ttf",
    (TEXT, "I"): "SourceSansPro-It.ttf",
    (TEXT, "BI"): "SourceSansPro-BoldIt.ttf",
    (HAND, ""): "SourceSansPro-LightIt.ttf",
}


def add_face(pdf: FPDF, family: str, style: str) -> None:
    """Makes one face known to a PDF when it is first needed; each costs some 20 ms."""
    key = f"{family}{style}"
    if key in pdf.fonts:
        return
    pdf.add_font(family, style, face(family, style))
    _drop_layout_tables(pdf, key)
    if key == TEXT:
        pdf.set_fallback_fonts([TEXT], exact_match=False)


def _drop_layout_tables(pdf: FPDF, key: str) -> None:
    """Without text shaping they are dropped in the end, but reading them would take half of the time."""
    font = cast(TTFFont, pdf.fonts[key]).ttfont
    for table in ("GSUB", "GPOS", "GDEF"):
        if table in font:
            del font[table]


def face(family: str, style: str) -> Path:
    """The file of one face."""
    return _FILES / _FACES[family, style]


def drawable(text: str) -> str:
    """The text with composed accents, without invisible marks, and with `SUBSTITUTE` for what the font lacks."""
    return "".join(_drawn(char) for char in unicodedata.normalize("NFC", text))


def _drawn(char: str) -> str:
    if char == "\n" or ord(char) in _characters():
        return char
    category = unicodedata.category(char)
    if category.startswith("Z") or char == "\t":
        return " "
    return "" if category in ("Cc", "Cf", "Cs", "Mn", "Me") else SUBSTITUTE


@cache
def _characters() -> frozenset[int]:
    with TTFont(face(TEXT, ""), lazy=True) as font:
        return frozenset(code for code in font.getBestCmap() if unicodedata.category(chr(code)) not in ("Cc", "Cf"))
