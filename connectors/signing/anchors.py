"""Marks in a document's text that say where somebody signs: `[[sign:counterparty]]`, `[[date:us]]`, `[[text:us|City]]`.

The same marks stand in Markdown and in the text of a PDF, whichever provider the document goes to; they become
places on a page, a provider's own tags, or Markdown fields. A question mark after the word makes a field optional.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.signing.model import FieldKind

WORDS = {
    "sign": FieldKind.SIGNATURE,
    "initials": FieldKind.INITIALS,
    "date": FieldKind.DATE,
    "text": FieldKind.TEXT,
    "check": FieldKind.CHECKBOX,
}
ANCHOR = re.compile(
    rf"\[\[(?P<word>{'|'.join(WORDS)})(?P<optional>\?)?:(?P<role>[a-z0-9][a-z0-9-]{{0,59}})(?:\|(?P<label>[^\[\]|]{{1,80}}))?\]\]"
)


@dataclass(frozen=True)
class Anchor:
    """One mark: what is filled in there, by whom (a signer's role), and what it is called, where it says so."""

    kind: FieldKind
    role: str
    required: bool
    label: str


def anchors(text: str) -> Iterator[tuple[re.Match[str], Anchor]]:
    """The marks of a text, in its order, each with where it stands."""
    for match in ANCHOR.finditer(text):
        yield match, read(match)


def read(match: re.Match[str]) -> Anchor:
    """The mark that was matched."""
    return Anchor(
        kind=WORDS[match["word"]],
        role=match["role"],
        required=match["optional"] is None,
        label=(match["label"] or "").strip(),
    )
