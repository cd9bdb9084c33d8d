"""Fills `{{placeholders}}` and edits the Markdown of templates and contracts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sandbox.paper import Refused

_PLACEHOLDER = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~])")
_HEADING = re.compile(r"(#{1,6})\s+\S.*")


@dataclass(frozen=True)
class Placeholder:
    """What stands for one key; a template's content is taken over when the placeholder is set."""

    key: str
    kind: Literal["text", "markdown", "template"]
    value: str


@dataclass(frozen=True)
class Edit:
    """One find-and-replace; a heading finds its whole section, an empty `find` the whole text."""

    find: str
    replace: str


def keys_in(markdown: str) -> list[str]:
    """The placeholder keys of a text, each once, in order."""
    return list(dict.fromkeys(_PLACEHOLDER.findall(markdown)))


def fill(markdown: str, placeholders: Iterable[Placeholder]) -> str:
    """Replaces every known key; unknown ones stay as they are, as somebody should see them."""
    known = {
        item.key: _SPECIAL.sub(r"\\\1", item.value) if item.kind == "text" else item.value for item in placeholders
    }
    return _PLACEHOLDER.sub(lambda match: known.get(match[1], match[0]), markdown)


def merge(present: Iterable[Placeholder], changed: Iterable[Placeholder]) -> tuple[Placeholder, ...]:
    """Only the keys that are named change (documented so)."""
    return tuple(({item.key: item for item in present} | {item.key: item for item in changed}).values())


def edit(markdown: str, edits: Iterable[Edit]) -> str:
    """Applies the edits one after the other; raises Refused when something is not found."""
    for number, change in enumerate(edits, start=1):
        markdown = _apply(markdown, change, number)
    return markdown


def _apply(markdown: str, change: Edit, number: int) -> str:
    if not change.find:
        return change.replace
    found = _section(markdown, change.find) if _HEADING.fullmatch(change.find.strip()) else None
    if found is None and change.find in markdown:
        start = markdown.index(change.find)
        found = (start, start + len(change.find))
    if found is None:
        raise Refused(f"Edit {number}: find_markdown was not found in the content.")
    return markdown[: found[0]] + change.replace + markdown[found[1] :]


def _section(markdown: str, heading: str) -> tuple[int, int] | None:
    level = len(heading.strip().split(maxsplit=1)[0])
    start, position = None, 0
    for line in markdown.splitlines(keepends=True):
        if start is None and line.strip() == heading.strip():
            start = position
        elif start is not None and (match := _HEADING.match(line)) and len(match[1]) <= level:
            return start, position
        position += len(line)
    return None if start is None else (start, len(markdown))
