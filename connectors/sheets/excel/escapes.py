"""What a workbook's XML writes in other letters: `_x000D_` for a carriage return."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

MOST_CHARACTERS = 32_767
"""What Excel takes in one cell."""
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def unescape(text: str) -> str:
    """The text that is meant (ECMA-376 part 1, 22.9.2.19); characters that no text has stay as they are written."""
    return _ESCAPED.sub(_meant, text) if "_x" in text else text


def _meant(found: re.Match[str]) -> str:
    char = chr(int(found[1], 16))
    return found[0] if _NO_XML.match(char) else char


def fitted(text: str) -> str:
    """The text with a question mark for what XML cannot hold, no longer than a cell can be."""
    return _NO_XML.sub("?", text)[:MOST_CHARACTERS]


def escaped(text: str) -> str:
    """A cell's text as it is written into XML."""
    return escape(_ESCAPED.sub(lambda found: f"_x005F{found[0]}", text))
