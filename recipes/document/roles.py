"""Checks anchors: whose they are, and whether they are what somebody meant to write."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches

from connectors.signing.anchors import ANCHOR, WORDS, anchors
from recipes.errors import DocumentError

_NEARLY = re.compile(r"\[\[\s*(\w+)\s*\??\s*:")
_MEANT = [*WORDS, "signature", "initial", "checkbox"]


def check_anchors(text: str, roles: Collection[str]) -> None:
    """Raise `DocumentError` for an anchor of nobody's, or one that would be taken for text."""
    for near in _NEARLY.finditer(text):
        if not ANCHOR.match(text, near.start()) and get_close_matches(near[1].casefold(), _MEANT, n=1):
            written = text[near.start() :].partition("]")[0][:40]
            raise DocumentError(f"has {written!r}, which is no anchor: write it like [[sign:{next(iter(roles))}]]")
    check_roles((anchor.role for _, anchor in anchors(text)), roles)


def check_roles(used: Iterable[str], roles: Collection[str]) -> None:
    """Raise `DocumentError` unless every role an anchor names is one of these."""
    for role in used:
        if role not in roles:
            raise DocumentError(f"has an anchor for {role!r}, which is nobody's role: there are {', '.join(roles)}")


def check_markdown(markdown: str, roles: Collection[str]) -> Iterator[tuple[int, DocumentError]]:
    """What is wrong with the anchors of each line, counted from 1."""
    for number, line in enumerate(markdown.split("\n"), 1):
        try:
            check_anchors(line, roles)
            if line.lstrip().startswith("|") and any(anchor.label for _, anchor in anchors(line)):
                raise DocumentError("has a labelled anchor in a table, where | begins a column: leave the label out")
        except DocumentError as error:
            yield number, error
