"""Writes a document's blocks one below the other: headings, paragraphs, lists, quotes, rules, code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from fpdf import FPDF
from fpdf.enums import WrapMode
from markdown_it.tree import SyntaxTreeNode

from connectors.signing.model import FieldKind
from recipes.document.markdown import Piece, pieces, plain_text
from recipes.document.paper import GREY, INK, LEADING, SIZE, Paper, shown, style, type_size
from recipes.document.sizes import SIZES
from recipes.document.tables import write_table

_HEADINGS = {1: 19.0, 2: 13.5, 3: 11.5}
_STEP, _GAP = 6.5, 2.2
_DEEPEST = 80.0  # mm from the margin; what stands deeper within lists and quotes is not moved in any further
_WORDS_ROW = 95  # characters that fit on a line, for guessing heights


@dataclass(frozen=True)
class Setting:
    """What the blocks around one have decided: how far in it stands (mm), the mark before it, its colour."""

    indent: float = 0
    bullet: str = ""
    colour: tuple[int, int, int] = INK
    gap: float = _GAP


def write_blocks(paper: Paper, blocks: Sequence[SyntaxTreeNode], setting: Setting | None = None) -> None:
    """Write them. Raises `RowProblem` for what cannot be drawn."""
    for at, block in enumerate(blocks):
        paper.room_for(_needed(blocks, at))
        if writer := _WRITERS.get(block.type):
            writer(paper, block, setting or Setting())


def _heading(paper: Paper, block: SyntaxTreeNode, setting: Setting) -> None:
    level = int(block.tag.removeprefix("h"))
    size = _HEADINGS.get(level, SIZE)
    _text(paper, list(pieces(block.children[0], Piece(bold=True))), replace(setting, gap=6 if level > 1 else 0), size)


def _paragraph(paper: Paper, block: SyntaxTreeNode, setting: Setting) -> None:
    _text(paper, list(pieces(block.children[0])), setting)


def _text(paper: Paper, parts: Sequence[Piece], setting: Setting, size: float = SIZE) -> None:
    alone = _alone(parts)
    tall = max([size, *(type_size(part.anchor.kind) for part in parts if part.anchor)])
    _down(paper, setting.gap)
    with paper.text_columns(skip_leading_spaces=True, wrapmode=WrapMode.WORD, line_height=LEADING) as column:
        paper.write_in("", size, setting.colour)
        with column.paragraph(indent=setting.indent, bullet_string=setting.bullet) as paragraph:
            for part in parts:
                paper.write_in(style(part), tall if part.anchor else size, setting.colour)
                if part.anchor is None:
                    paragraph.write("     " if alone else shown(part.text))
                    continue
                paragraph.write(*paper.keep(part.anchor, SIZES[part.anchor.kind].width, alone=alone))
                if part.anchor.kind is FieldKind.CHECKBOX and alone:
                    paper.write_in("", size, setting.colour)
                    paragraph.write(f" {shown(part.anchor.label)}")
    if alone:
        _down(paper, 1.5)  # the captions


def _bullet_list(paper: Paper, block: SyntaxTreeNode, setting: Setting) -> None:
    _items(paper, block, setting, lambda _: "•")


def _ordered_list(paper: Paper, block: SyntaxTreeNode, setting: Setting) -> None:
    first = int(block.attrs.get("start", 1))
    _items(paper, block, setting, lambda at: f"{first + at}.")


def _items(paper: Paper, block: SyntaxTreeNode, setting: Setting, bullet: Callable[[int], str]) -> None:
    indent = min(setting.indent + _STEP, _DEEPEST)
    for at, item in enumerate(block.children):
        if not item.children or item.children[0].type != "paragraph":
            _text(paper, [Piece(text="\u00a0")], replace(setting, indent=indent, bullet=bullet(at), gap=1))
            write_blocks(paper, item.children, replace(setting, indent=indent, bullet="", gap=0))
            continue
        write_blocks(paper, item.children[:1], replace(setting, indent=indent, bullet=bullet(at), gap=1))
        write_blocks(paper, item.children[1:], replace(setting, indent=indent, bullet="", gap=1))


def _quote(paper: Paper, block: SyntaxTreeNode, setting: Setting) -> None:
    write_blocks(
        paper, block.children, replace(setting, indent=min(setting.indent + 8, _DEEPEST), bullet="", colour=GREY)
    )


def _code(paper: Paper, block: SyntaxTreeNode, setting: Setting) -> None:
    kept = block.content.rstrip("\n").replace(" ", "\u00a0")
    _text(paper, [Piece(text=kept)], replace(setting, indent=setting.indent + 4), SIZE - 1)


def _rule(paper: Paper, block: SyntaxTreeNode, setting: Setting) -> None:
    _down(paper, 4)
    paper.set_draw_color(*GREY)
    paper.set_line_width(0.2)
    paper.line(paper.l_margin + setting.indent, paper.get_y(), paper.w - paper.r_margin, paper.get_y())
    _down(paper, 2)


def _table(paper: Paper, block: SyntaxTreeNode, setting: Setting) -> None:
    _down(paper, _GAP + 1)
    paper.write_in("", SIZE, setting.colour)
    write_table(paper, block)
    _down(paper, 1)


_WRITERS: Mapping[str, Callable[[Paper, SyntaxTreeNode, Setting], None]] = {
    "heading": _heading,
    "paragraph": _paragraph,
    "bullet_list": _bullet_list,
    "ordered_list": _ordered_list,
    "blockquote": _quote,
    "fence": _code,
    "code_block": _code,
    "hr": _rule,
    "table": _table,
}


def _alone(parts: Sequence[Piece]) -> bool:
    return any(part.anchor for part in parts) and not plain_text(parts).strip()


def _down(paper: FPDF, space: float) -> None:
    if paper.get_y() > paper.t_margin:
        paper.set_y(paper.get_y() + space)


def _needed(blocks: Sequence[SyntaxTreeNode], at: int) -> float:
    """About how much room (mm) a block wants on its page: a heading stays with what follows it, and a place to sign
    with what is said right above it."""
    block = blocks[at]
    follows = blocks[at + 1] if at + 1 < len(blocks) else None
    if block.type == "heading":
        return 14 + (min(_needed(blocks, at + 1), 90) if follows else 0)
    if block.type != "paragraph":
        return 14
    parts = list(pieces(block.children[0]))
    high = max([0, *(SIZES[part.anchor.kind].height + 8 for part in parts if part.anchor)])
    lines = 1 + len(plain_text(parts)) // _WORDS_ROW
    own = high + lines * 5 + _GAP
    if follows and follows.type == "paragraph" and lines <= 6 and _alone(list(pieces(follows.children[0]))):
        return own + _needed(blocks[: at + 2], at + 1)
    return own if high else min(own, 14)
