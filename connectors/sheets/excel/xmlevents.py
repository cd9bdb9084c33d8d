"""Reads XML as it comes, piece by piece, and refuses what is made to exhaust its reader."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn
from xml.parsers import expat

_LONGEST_TOKEN = 1 << 21
"""Bytes of one tag; no program writes a tag of more than some thousands."""


class Refused(Exception):
    """The XML is not well-formed, or brings a document type, whose entities can grow without bounds."""


def parser(namespaces: bool = False) -> expat.XMLParserType:
    """A parser that gives texts in one go, and refuses document types: no workbook has one.

    With `namespaces`, a name is its namespace's address and its own part, a blank between.
    """
    made = expat.ParserCreate(namespace_separator=" " if namespaces else None)
    made.buffer_text = True
    made.buffer_size = 1 << 16
    made.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)

    def refuse(*_: object) -> NoReturn:
        raise Refused

    made.StartDoctypeDeclHandler = refuse
    made.EntityDeclHandler = refuse
    return made


def feed(made: expat.XMLParserType, pieces: Iterable[bytes]) -> None:
    """Give it all pieces. Raises `Refused`, and whatever its handlers raise."""
    fed = 0
    try:
        for piece in pieces:
            fed += len(piece)
            made.Parse(piece, False)
            if fed - made.CurrentByteIndex > _LONGEST_TOKEN:
                raise Refused
        made.Parse(b"", True)
    except expat.ExpatError:
        raise Refused from None


def local(name: str) -> str:
    """A tag's name without its prefix."""
    return name.rpartition(":")[2]
