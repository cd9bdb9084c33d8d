"""Takes a signature from the form: a typed name, or a picture drawn with the pointer."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from io import BytesIO

from PIL import Image

from sandbox.paper import Refused, Signature

_PREFIX = "data:image/png;base64,"
_LONGEST_NAME = 120
_LARGEST = (2400, 1200)
_KEPT = (900, 300)


def from_form(form: Mapping[str, str]) -> Signature:
    """Raises Refused with a sentence for the page."""
    if form.get("signature_kind", "typed") == "drawn":
        return Signature("drawn", "", _picture(form.get("signature_png", "")))
    text = " ".join(form.get("signature_text", "").split())
    if not text:
        raise Refused("Please type your name as your signature.")
    if len(text) > _LONGEST_NAME:
        raise Refused(f"Please type a name of at most {_LONGEST_NAME} letters.")
    return Signature("typed", text)


def _picture(data_url: str) -> bytes:
    """The ink alone, cut to its edges and written anew, so that nothing else the file carried is kept."""
    if not data_url:
        raise Refused("Please draw your signature, or type your name instead.")
    try:
        raw = base64.b64decode(data_url.removeprefix(_PREFIX), validate=True)
        with Image.open(BytesIO(raw), formats=["PNG"]) as picture:
            if picture.width > _LARGEST[0] or picture.height > _LARGEST[1]:
                raise Refused("That drawing is too large; please draw your signature again.")
            ink = picture.convert("RGBA")
    except (binascii.Error, OSError, SyntaxError, ValueError):
        raise Refused("That drawing could not be read; please draw your signature again.") from None
    edges = ink.getchannel("A").getbbox()
    if edges is None:
        raise Refused("Please draw your signature, or type your name instead.")
    ink = ink.crop(edges)
    ink.thumbnail(_KEPT)
    out = BytesIO()
    ink.save(out, "PNG", optimize=True)
    return out.getvalue()
