"""The typeface of our PDFs, Source Sans Pro, which pip brings along, and the letters it has.

Package font-source-sans-pro, SIL Open Font License: Latin with all its accents, Vietnamese, Greek and Cyrillic. Its
italics lack the last two; those letters stand upright there.
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

from recipes.errors import RowProblem

FAMILY = "text"
_FILES = Path(font_source_sans_pro.__file__).parent / "files"
_FACES = {"": "Regular", "B": "Bold", "I": "It", "BI": "BoldIt"}


def add_face(pdf: FPDF, style: str = "") -> None:
    """Make a face known to the PDF when it is first needed, since each costs some 20 ms. `style` as fpdf2 writes it."""
    style = style.replace("S", "")
    if FAMILY + style in pdf.fonts:
        return
    pdf.add_font(FAMILY, style, _file(style))
    font = cast(TTFFont, pdf.fonts[FAMILY + style]).ttfont
    for table in {"GSUB", "GPOS", "GDEF"} & set(font.keys()):
        del font[table]  # dropped in the end, since nothing is shaped; reading them takes half of the time
    if not style:
        pdf.set_fallback_fonts([FAMILY], exact_match=False)


def drawable(text: str) -> str:
    """The text with composed accents and without invisible marks.

    Raises `RowProblem` for a letter the typeface lacks: a contract in which somebody's name cannot be read is worse
    than none.
    """
    kept = []
    for char in unicodedata.normalize("NFC", text):
        category = unicodedata.category(char)
        if ord(char) in _letters():
            kept.append(char)
        elif category.startswith("Z") or char in "\t\n":
            kept.append(" ")
        elif category not in {"Cc", "Cf", "Cs", "Co"}:
            raise RowProblem(
                f"document: the PDF's typeface has no {char!r} (U+{ord(char):04X}); write it in Latin, Greek or "
                "Cyrillic letters, or use a PDF as the recipe's document."
            )
    return "".join(kept)


def _file(style: str) -> Path:
    return _FILES / f"SourceSansPro-{_FACES[style]}.ttf"


@cache
def _letters() -> frozenset[int]:
    with TTFont(_file(""), lazy=True) as font:
        return frozenset(
            code for code in font.getBestCmap() if unicodedata.category(chr(code)) not in {"Cc", "Cf", "Co"}
        )
