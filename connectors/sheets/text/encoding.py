"""Turns a sheet's bytes into text and back, in the encoding they came in."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from connectors.sheets.errors import SheetError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NO_TEXT = ((b"%PDF-", "a PDF"), (b"PK\x03\x04", "a workbook or an archive"), (b"\xd0\xcf\x11\xe0", "a workbook"))
_WAY_ON = "save the sheet as CSV UTF-8 and give that file"
# What spreadsheet programs write when it is not Unicode. The guess is kept to these: over all the encodings there
# are, a short list of names is easily taken for something exotic. The commonest comes first.
_LIKELY = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1257", "mac_roman", "cp932", "gb18030", "big5", "cp949"]


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the file was written: Python's name of the encoding, and the byte order mark in front, if any."""

    name: str
    mark: bytes = b""
    guessed: bool = False
    """Whether nothing in the file says so, and bytes outside ASCII might mean other letters."""

    def encode(self, texts: Iterable[str]) -> bytes:
        """These texts, one after the other, as this file stores them; none of them is all of a long sheet."""
        file = io.BytesIO()
        file.write(self.mark)
        for text in texts:
            file.write(text.encode(self.name))
        return file.getvalue()

    def fitted(self, text: str) -> str:
        """The text with a question mark for what the encoding cannot hold.

        The other way out, rewriting the file as UTF-8, would change everybody else's cells and break whatever
        imports the file; and what we write comes from the sheet itself, so it nearly always fits.
        """
        return text.encode(self.name, "replace").decode(self.name)


def decode(raw: bytes, path: Path) -> tuple[str, Encoding]:
    """The text without its mark, and how to write it again. Raises `SheetError` for what is not text."""
    for start, what in _NO_TEXT:
        if raw.startswith(start):
            raise SheetError(f"{path} holds {what}, whatever its name says: {_WAY_ON}.")
    encoding = _encoding(raw)
    try:
        text = raw[len(encoding.mark) :].decode(encoding.name) if encoding else "\0"
    except UnicodeDecodeError:
        text = "\0"
    if encoding is None or "\0" in text:
        raise SheetError(f"{path} is not a text file: {_WAY_ON}.")
    return text, encoding


def _encoding(raw: bytes) -> Encoding | None:
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return Encoding(name, mark)
    if wide := _without_mark(raw):
        return Encoding(wide)
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        guess = _guess(raw)
        return Encoding(guess, guessed=True) if guess else None
    return Encoding("utf-8")


def _without_mark(raw: bytes) -> str | None:
    """UTF-16 that nothing announces: of the ASCII in a header every second byte is zero."""
    start = raw[:200]
    for name, zeros in (("utf-16-le", start[1::2]), ("utf-16-be", start[::2])):
        if len(raw) % 2 == 0 and zeros and zeros.count(0) > 0.8 * len(zeros):
            return name
    return None


def _guess(raw: bytes) -> str | None:
    """The likeliest encoding; of those that fit equally well the one that stands first in our list."""
    from charset_normalizer import from_bytes  # only here, since it takes its time, and most sheets are in UTF-8

    guesses = list(from_bytes(raw, cp_isolation=_LIKELY))
    if not guesses:
        return None
    best = guesses[0]
    equal = [guess for guess in guesses if (guess.chaos, guess.coherence) == (best.chaos, best.coherence)]
    names = {name for guess in equal for name in (guess.encoding, *guess.could_be_from_charset)}
    return min(names, key=lambda name: _LIKELY.index(name) if name in _LIKELY else len(_LIKELY))
