"""Reads a paper's Markdown, with the provider's extended syntax, into markdown-it tokens for page and PDF alike.

The extended syntax is a JSON object between backticks at the end of a line ("Markdown syntax" in the provider's API
reference): alignment, header counters and signer fields. It never shows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from sandbox.fields import field_lines, split
from sandbox.paper import Field

# A mark from Unicode's private use area carries a line's configuration through the parser; such characters in the
# text itself are removed first, so nobody can forge one.
_MARK = re.compile("\ue000(\\d+)\ue001")
_PRIVATE = re.compile("[\ue000\ue001]")
_STRUCTURE = re.compile(r"\s*([-*+#>|]|\d+[.)])")
_ALIGNMENTS = frozenset({"center", "right", "justify"})


@dataclass(frozen=True)
class Line:
    """What the extended syntax said about one line."""

    config: dict[str, Any]
    field: Field | None

    @property
    def alignment(self) -> str:
        """`left`, `center`, `right` or `justify`."""
        wanted = str(self.config.get("alignment", "left"))
        return wanted if wanted in _ALIGNMENTS else "left"

    @property
    def masked(self) -> bool:
        """Whether other people must not see what was filled in."""
        return self.config.get("masked") == "yes"


@dataclass(frozen=True)
class Run:
    """A stretch of text in one style; a line break is a run of its own."""

    text: str
    bold: bool = False
    italic: bool = False
    link: str = ""


def parse(markdown: str) -> list[Token]:
    """The paper's tokens. A block with configuration carries its `Line` in `meta["line"]`; a signer field has become
    one `signer_field` token whose children are its label."""
    text, lines = _lift(_PRIVATE.sub("", markdown))
    return _parser().parse(text, {"lines": lines})


def plain(token: Token) -> str:
    """The text of an inline token without any style."""
    return "".join(run.text for run in runs(token)).strip()


def runs(token: Token) -> Iterator[Run]:
    """The styled stretches of an inline token, or of a signer field's label."""
    bold = italic = 0
    link = ""
    for child in token.children or []:
        bold += child.nesting if child.type.startswith("strong") else 0
        italic += child.nesting if child.type.startswith("em_") else 0
        if child.type == "link_open":
            link = str(child.attrs.get("href", ""))
        elif child.type == "link_close":
            link = ""
        elif child.type == "hardbreak":
            yield Run("\n")
        elif child.type == "softbreak":
            yield Run(" ", bool(bold), bool(italic), link)
        elif child.content:
            yield Run(child.content, bool(bold), bool(italic), link)


def _lift(markdown: str) -> tuple[str, list[Line]]:
    """Takes the configurations out of the text and leaves marks; a line with one is a paragraph of its own."""
    fields = iter(field_lines(markdown))
    kinds = {found.field.kind for found in field_lines(markdown)}
    lines: list[Line] = []
    out: list[str] = []
    for source in markdown.splitlines():
        label, config = split(source)
        if not config:
            out.append(source)
            continue
        field = next(fields).field if config.get("line_type") in kinds else None
        marked = f"{label}\ue000{len(lines)}\ue001"
        lines.append(Line(config, field))
        out.extend([marked] if _STRUCTURE.match(source) else ["", marked, ""])
    return "\n".join(out), lines


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "html_block", "html_inline"])
    parser.core.ruler.push("extended_syntax", _apply)
    return parser


def _apply(state: StateCore) -> None:
    """Hands each mark's configuration to the block around it."""
    counters: Counter[str] = Counter()
    tokens: list[Token] = []
    for token in state.tokens:
        tokens.append(token)
        if token.type in ("fence", "code_block"):
            token.content = _MARK.sub("", token.content)
        if token.type != "inline":
            continue
        if (line := _unmark(token, state.env["lines"])) is None:
            continue
        opening = tokens[-2]
        opening.meta["line"] = line
        if line.field is not None:
            tokens[-1] = Token("signer_field", "", 0, children=token.children, meta={"line": line})
        elif opening.type == "heading_open" and line.config.get("header_counter") == "yes":
            _count(token, opening.tag, counters)
    state.tokens[:] = _unwrapped(tokens)


def _unmark(token: Token, lines: list[Line]) -> Line | None:
    """Removes the mark from an inline token; the line it stood for, if there was one."""
    found = None
    for child in token.children or []:
        if match := _MARK.search(child.content):
            found = lines[int(match[1])]
            child.content = _MARK.sub("", child.content).rstrip()
    return found


def _count(token: Token, tag: str, counters: Counter[str]) -> None:
    """Puts the number before a heading: `2.` for the second of its level, `2.1.` below it."""
    counters[tag] += 1
    for deeper in [other for other in counters if other > tag]:
        del counters[deeper]
    number = ".".join(str(counters[level]) for level in sorted(counters))
    token.children = [Token("text", "", 0, content=f"{number}. "), *(token.children or [])]


def _unwrapped(tokens: list[Token]) -> list[Token]:
    """A signer field stands for itself, without the paragraph or heading around it."""
    wrapped = {i + step for i, token in enumerate(tokens) if token.type == "signer_field" for step in (-1, 1)}
    blocks = ("paragraph", "heading")
    return [token for i, token in enumerate(tokens) if i not in wrapped or not token.type.startswith(blocks)]
