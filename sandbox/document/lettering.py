"""A PDF set in the document's typefaces."""

from __future__ import annotations

from fpdf import FPDF
from fpdf.enums import TextEmphasis

from sandbox.document.fonts import TEXT, add_face, drawable


class Lettering(FPDF):
    """Loads a face when it is asked for the first time, and fits texts into their places."""

    def set_font(self, family: str | None = None, style: str | TextEmphasis = "", size: float = 0) -> None:
        """Loads the face when it is asked for the first time."""
        add_face(self, family or TEXT, style if isinstance(style, str) else style.style)
        super().set_font(family, style, size)

    def fitting(self, text: str, size: float, width: float, family: str = TEXT, emphasis: str = "") -> str:
        """Chooses a font size, at most `size`, in which the text fits the width; shortens it where 7 points are still
        too large."""
        shown = drawable(text)
        while size > 7:
            self.set_font(family, emphasis, size)
            if self.get_string_width(shown) <= width:
                return shown
            size -= 1
        self.set_font(family, emphasis, size)
        if self.get_string_width(shown) <= width:
            return shown
        while len(shown) > 1 and self.get_string_width(shown + "…") > width:
            shown = shown[:-1]
        return shown + "…"
