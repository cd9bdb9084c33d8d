"""Writes a table; its columns are as wide as what stands in them asks for."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from fpdf.errors import FPDFException
from fpdf.fonts import FontFace
from markdown_it.tree import SyntaxTreeNode

from recipes.document.markdown import Piece, pieces, plain_text
from recipes.document.paper import GREY, LEADING, SIZE, Paper, shown, style
from recipes.document.sizes import POINTS, SIZES
from recipes.document.typeface import add_face
from recipes.errors import RowProblem

_PADDING = 1.6
_ALIGNMENTS = {"text-align:center": "CENTER", "text-align:right": "RIGHT"}

Cells = Sequence[Sequence[Piece]]


def write_table(paper: Paper, table: SyntaxTreeNode) -> None:
    """Write it; its head is repeated on every page. Raises `RowProblem` for what no page can hold."""
    heads = [cell for row in table.children[0].children for cell in row.children]
    rows = [[_content(cell) for cell in row.children] for part in table.children for row in part.children]
    shares = _shares(rows)
    for at, cells in enumerate(rows):
        for part in [Piece(), *itertools.chain(*cells)]:
            add_face(paper, style(part if at else replace(part, bold=True)))  # the head is bold
    paper.set_draw_color(*GREY)
    paper.set_line_width(0.15)
    try:
        with paper.table(
            align="LEFT",
            borders_layout="HORIZONTAL_LINES",
            col_widths=shares,
            headings_style=FontFace(emphasis="BOLD"),
            line_height=SIZE / POINTS * LEADING,
            markdown=True,
            padding=_PADDING,
            text_align=[_ALIGNMENTS.get(str(head.attrs.get("style")), "LEFT") for head in heads],
            v_align="TOP",
        ) as drawn:
            for cells in rows:
                room = [paper.epw * share / sum(shares) - 2 * _PADDING - 1 for share in shares]
                texts = [_written(paper, cell, width) for cell, width in zip(cells, room, strict=True)]
                tall = max([0.0, *(SIZES[part.anchor.kind].height for cell in cells for part in cell if part.anchor)])
                drawn.row(texts, v_align="BOTTOM" if tall else None, min_height=tall + 2 * _PADDING if tall else None)
    except ValueError:
        raise RowProblem("document: a row of a table is higher than a page; shorten what it holds.") from None
    except FPDFException as error:
        if "horizontal space" not in str(error):
            raise
        raise RowProblem("document: a table has too many columns for a page; take some out.") from None


def _content(cell: SyntaxTreeNode) -> list[Piece]:
    return list(pieces(cell.children[0])) if cell.children else []


def _shares(rows: Sequence[Cells]) -> list[int]:
    """How wide each column is beside the others, by its longest text."""
    return [max(min(max(_length(cell) for cell in column), 48), 10) for column in zip(*rows, strict=True)]


def _length(cell: Sequence[Piece]) -> int:
    return len(plain_text(cell)) + sum(int(SIZES[part.anchor.kind].width / 1.8) for part in cell if part.anchor)


def _written(paper: Paper, cell: Sequence[Piece], room: float) -> str:
    """The cell as `Paper` reads it: private marks where a style begins and ends, blanks where a signer writes."""
    text, on = "", (False, False, False)
    for part in [*cell, Piece(text="\0")]:
        wanted = (part.bold, part.italic, part.struck)
        text += "".join(
            mark for mark, was, now in zip(paper.MARKDOWN_MARKERS[:3], on, wanted, strict=True) if was != now
        )
        on = wanted
        if part.anchor is None:
            text += shown(part.text)
        else:
            blanks, link = paper.keep(part.anchor, min(SIZES[part.anchor.kind].width, room))
            text += f"\ue005{blanks}\ue006{link}\ue007"
    return text
