"""A signature as the picture that DocsAutomator keeps as a field's value."""

from __future__ import annotations

import base64
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from sandbox.document.fonts import HAND, drawable, face
from sandbox.paper import Signature

_SIZE, _MARGIN = 48, 8


def data_url(signature: Signature) -> str:
    """`data:image/png;base64,…`; a typed name is drawn, as there is always a picture in the documented answers."""
    png = signature.png if signature.kind == "drawn" and signature.png else _drawn(signature.text)
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


@lru_cache(maxsize=256)
def _drawn(text: str) -> bytes:
    font = ImageFont.truetype(face(HAND, ""), _SIZE)
    left, top, right, bottom = font.getbbox(drawable(text))
    picture = Image.new("RGBA", (round(right - left) + 2 * _MARGIN, round(bottom - top) + 2 * _MARGIN))
    ImageDraw.Draw(picture).text((_MARGIN - left, _MARGIN - top), drawable(text), fill="#1f4b7a", font=font)
    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
