"""Reads a document's Markdown (CommonMark with tables), anchors included, into blocks and pieces of text.

HTML is shown as it is written and images by their text: nothing is fetched, and no file of this machine is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.tree import SyntaxTreeNode

from connectors.signing.anchors import ANCHOR, Anchor, read


@dataclass(frozen=True)
class Piece:
    """A run of text in one style, or an anchor, which has no text."""

    text: str = ""
    bold: bool = False
    italic: bool = False
    struck: bool = False
    anchor: Anchor | None = None


def parse(markdown: str) -> SyntaxTreeNode:
    """The document's blocks, of the types that markdown-it names."""
    return SyntaxTreeNode(_parser().parse(markdown))


def pieces(inline: SyntaxTreeNode, style: Piece | None = None) -> Iterator[Piece]:
    """What a block's text is made of, in its order."""
    style = style or Piece()
    for node in inline.children:
        if node.type == "anchor":
            yield replace(style, anchor=node.meta["anchor"])
        elif node.type in {"softbreak", "hardbreak"}:
            yield replace(style, text=" " if node.type == "softbreak" else "\n")
        elif node.children:
            yield from pieces(node, _styled(style, node.type))
            if node.type == "link" and node.attrs["href"] != plain_text(pieces(node)):
                yield replace(style, text=f" ({node.attrs['href']})")  # on paper nothing can be clicked on
        else:
            yield replace(style, text=node.content)


def _styled(style: Piece, kind: str) -> Piece:
    if kind == "strong":
        return replace(style, bold=True)
    if kind == "em":
        return replace(style, italic=True)
    return replace(style, struck=True) if kind == "s" else style


def plain_text(parts: Iterable[Piece]) -> str:
    """The letters alone."""
    return "".join(part.text for part in parts)


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.inline.ruler.before("link", "anchor", _anchor)
    return parser


def _anchor(state: StateInline, silent: bool) -> bool:
    """Takes an anchor as it stands in the source, so that one which a row's value spells stays text: its brackets
    are escaped."""
    match = ANCHOR.match(state.src, state.pos)
    if match is None:
        return False
    if not silent:
        state.push("anchor", "", 0).meta = {"anchor": read(match)}
    state.pos = match.end()
    return True
