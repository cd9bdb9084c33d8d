"""Looks for a word in bytes of any kind, however it was written down on the way."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

BEFORE, AFTER = 60, 90
"""Bytes shown around a find."""


@dataclass(frozen=True)
class Find:
    """One find: where, in which form, and what stands around it."""

    place: str
    form: str
    around: str

    def __str__(self) -> str:
        return f"{self.place} ({self.form}): …{self.around}…"


def finds(places: Mapping[str, bytes], *words: str) -> list[Find]:
    """Every find of one of `words` (ASCII, any capitals) in these places."""
    plain = _any(re.escape(word.encode()) for word in words)
    patterns = [plain, *_encoded(words)]
    return [find for place, content in places.items() for find in _finds_in(place, content, plain, patterns)]


def _finds_in(
    place: str, content: bytes, plain: re.Pattern[bytes], patterns: Sequence[re.Pattern[bytes]]
) -> Iterator[Find]:
    seen: set[str] = set()
    for form, text in readings(content):
        for pattern in patterns if form in ("plain", "unbroken") else [plain]:
            for match in pattern.finditer(text):
                around = _shown(text, match.start(), match.end())
                if around not in seen:
                    seen.add(around)
                    yield Find(place, form, around)


def readings(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The content as it stands, and as what it may be the writing of."""
    yield "plain", content
    # Base64 is broken into lines, and lines are escaped in JSON.
    unbroken = re.sub(rb"\s|\\+[nrt]", b"", content)
    yield "unbroken", unbroken
    yield "utf-16", content.replace(b"\0", b"")
    if b"%" in content:
        yield "url", unquote_to_bytes(content)
    if b"\\u" in content or b"\\x" in content:
        yield "escaped", re.sub(rb"\\+(?:u00|x)([0-9a-fA-F]{2})", lambda found: bytes([int(found[1], 16)]), content)
    if b"&#" in content or b"&amp" in content:
        yield "html", html.unescape(content.decode("utf-8", "replace")).encode()


def _encoded(words: Iterable[str]) -> list[re.Pattern[bytes]]:
    """The words in hexadecimal; and in Base64, where capitals matter, in their likely spellings."""
    raws = [word.encode() for word in words]
    spellings = {spelling for raw in raws for spelling in (raw, raw.lower(), raw.upper(), raw.capitalize())}
    base64s = {re.escape(piece) for spelling in spellings for piece in _base64(spelling)}
    return [
        _any(spelling.hex().encode() for spelling in sorted(spellings)),
        re.compile(b"|".join(sorted(base64s))),
    ]


def _any(alternatives: Iterable[bytes]) -> re.Pattern[bytes]:
    return re.compile(b"|".join(alternatives), re.IGNORECASE)


def _base64(raw: bytes) -> Iterator[bytes]:
    """The characters that stand for `raw` alone, wherever in a longer text it begins; both alphabets."""
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + raw)
        first, spare = (offset * 8 + 5) // 6, (offset + len(raw)) % 3
        whole = coded.rstrip(b"=")[first : -1 if spare else None]
        yield whole
        yield whole.translate(bytes.maketrans(b"+/", b"-_"))


def _shown(text: bytes, start: int, end: int) -> str:
    piece = text[max(0, start - BEFORE) : end + AFTER].decode("utf-8", "replace")
    return json.dumps(" ".join(piece.split()), ensure_ascii=False)[1:-1]
