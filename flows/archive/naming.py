"""Gives a signed document a file name that cannot leave its folder, hide, or hit another one."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 180
"""Bytes of UTF-8 for the whole name; 255 is what file systems take, and evidence beside it adds to the name."""

# What Windows refuses in a name, and with it every path separator.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]+')
# Device names Windows reserves, with any extension: learn.microsoft.com/windows/win32/fileio/naming-a-file
_RESERVED = re.compile(r"(?i)^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)")


def confined(name: str, ref: str) -> str:
    """The file name for a document called `name` whose request carries the mark `ref`, which makes it unique.

    Letters of every script stay. Control and invisible characters go, separators and what Windows forbids become
    a dash, so the name is one piece on every system and in every store.
    """
    text = unicodedata.normalize("NFC", name)
    text = "".join(" " if char.isspace() else char for char in text if char.isspace() or _visible(char))
    text = re.sub(r" +", " ", _FORBIDDEN.sub("-", text)).strip(" .")
    text = re.sub(r"(?i)\.pdf$", "", text).strip(" .") or "document"
    if _RESERVED.match(text):
        text = f"_{text}"
    tail = f" {_mark(ref)}.pdf"
    return _cut(text, LONGEST - len(tail)).rstrip(" .") + tail


def evidence_name(document_name: str) -> str:
    """The name of the evidence kept beside a document."""
    return document_name.removesuffix(".pdf") + ".evidence.json"


def _visible(char: str) -> bool:
    return unicodedata.category(char)[0] != "C"


def _mark(ref: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z]{8,40}", ref):
        raise ValueError("A request's mark is letters and digits.")
    return ref


def _cut(text: str, most: int) -> str:
    """At most so many bytes, never half a character."""
    return text.encode()[:most].decode(errors="ignore")
