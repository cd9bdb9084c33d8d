"""Sets a paper's Markdown on the sheet: headings, paragraphs, lists, quotes, tables and filled-in fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from markdown_it.token import Token

from sandbox.document.fields import filled_in
from sandbox.document.fonts import drawable
from sandbox.document.layout import BODY_PT, LEADING, PARAGRAPH_MM, RULE, Sheet
from sandbox.document.markup import Line, Run, plain, runs
from sandbox.document.tables import Cell, TextTable

_SIZES = {"h1": 19.0, "h2": 14.0, "h3": 12.0}
_STEP_MM = 6.5
_DEEPEST_MM = 78.0


def set_body(sheet: Sheet, tokens: Sequence[Token]) -> None:
    """Sets all tokens, one block after the other."""
    _Setter(sheet).set(tokens)


@dataclass
class _Setter:
    """Where in the text we are: how deep in lists and quotes, and what the next bullet is."""

    sheet: Sheet
    lists: list[int | None] = field(default_factory=list)  # next number, or None for bullets
    bullet: str = ""
    quotes: int = 0
    table: TextTable | None = None
    opened: Token | None = None

    def set(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            if act := _ACTS.get(token.type):
                act(self, token)

    @property
    def indent(self) -> float:
        """In millimetres."""
        return min(_STEP_MM * (len(self.lists) + self.quotes), _DEEPEST_MM)

    def open(self, token: Token) -> None:
        self.opened = token

    def inline(self, token: Token) -> None:
        opened = self.opened
        if self.table is not None:
            self.table.rows[-1][-1].runs.extend(runs(token))
        elif opened is not None and opened.type == "heading_open":
            self.heading(token, opened)
        else:
            tight = opened is not None and opened.hidden
            self.paragraph(list(runs(token)), _alignment(opened), PARAGRAPH_MM / 3 if tight else PARAGRAPH_MM)
        self.opened = None

    def heading(self, token: Token, opened: Token) -> None:
        size = _SIZES.get(opened.tag, BODY_PT)
        self.sheet.ln(size * 0.2)
        self.sheet.keep_together(28)
        self.sheet.start_section(drawable(plain(token)) or "–", level=0)
        self.sheet.text_block(runs(token), size=size, bold=True, align=_alignment(opened), indent=self.indent)
        self.sheet.ln(1.2)

    def paragraph(self, text: Sequence[Run], align: str = "left", gap: float = PARAGRAPH_MM) -> None:
        self.sheet.keep_together(2 * BODY_PT * LEADING / self.sheet.k)
        self.put_bullet()
        top, page = self.sheet.y, self.sheet.page
        self.sheet.text_block(text, align=align, indent=self.indent)
        if self.quotes and self.sheet.page == page:
            self.sheet.set_draw_color(RULE)
            self.sheet.set_line_width(0.7)
            self.sheet.line(self.sheet.l_margin + 2, top, self.sheet.l_margin + 2, self.sheet.y)
        self.sheet.ln(gap)

    def put_bullet(self) -> None:
        if not self.bullet:
            return
        self.sheet.style()
        self.sheet.set_x(self.sheet.l_margin + self.indent - _STEP_MM)
        self.sheet.cell(_STEP_MM - 1.8, BODY_PT * LEADING / self.sheet.k, self.bullet, align="R")
        self.sheet.set_x(self.sheet.l_margin)
        self.bullet = ""

    def signer_field(self, token: Token) -> None:
        line: Line = token.meta["line"]
        for text in filled_in(self.sheet.paper, line, plain(token)):
            self.paragraph(text)

    def code(self, token: Token) -> None:
        for source in token.content.rstrip("\n").split("\n"):
            self.sheet.text_block([Run(source or " ")], size=9.5, indent=self.indent + 3)
        self.sheet.ln(PARAGRAPH_MM)

    def rule(self, token: Token) -> None:
        self.sheet.ln(1.5)
        self.sheet.set_draw_color(RULE)
        self.sheet.set_line_width(0.3)
        self.sheet.line(self.sheet.l_margin, self.sheet.y, self.sheet.w - self.sheet.r_margin, self.sheet.y)
        self.sheet.ln(PARAGRAPH_MM + 1.5)

    def open_list(self, token: Token) -> None:
        self.lists.append(int(token.attrs.get("start", 1)) if token.type == "ordered_list_open" else None)

    def close_list(self, token: Token) -> None:
        self.lists.pop()
        self.sheet.ln(0 if self.lists else PARAGRAPH_MM / 2)

    def open_item(self, token: Token) -> None:
        number = self.lists[-1]
        self.bullet = "•" if number is None else f"{number}."
        if number is not None:
            self.lists[-1] = number + 1

    def close_item(self, token: Token) -> None:
        self.bullet = ""

    def quote(self, token: Token) -> None:
        self.quotes += token.nesting

    def open_table(self, token: Token) -> None:
        self.table = TextTable()

    def open_row(self, token: Token) -> None:
        assert self.table is not None
        self.table.rows.append([])

    def open_cell(self, token: Token) -> None:
        assert self.table is not None
        self.table.rows[-1].append(Cell(align=str(token.attrs.get("style", ""))))

    def close_table(self, token: Token) -> None:
        assert self.table is not None
        table, self.table = self.table, None
        table.set(self.sheet)


def _alignment(opened: Token | None) -> str:
    line = opened.meta.get("line") if opened is not None else None
    return line.alignment if isinstance(line, Line) else "left"


_ACTS: Mapping[str, Callable[[_Setter, Token], None]] = {
    "paragraph_open": _Setter.open,
    "heading_open": _Setter.open,
    "inline": _Setter.inline,
    "signer_field": _Setter.signer_field,
    "fence": _Setter.code,
    "code_block": _Setter.code,
    "hr": _Setter.rule,
    "bullet_list_open": _Setter.open_list,
    "ordered_list_open": _Setter.open_list,
    "bullet_list_close": _Setter.close_list,
    "ordered_list_close": _Setter.close_list,
    "list_item_open": _Setter.open_item,
    "list_item_close": _Setter.close_item,
    "blockquote_open": _Setter.quote,
    "blockquote_close": _Setter.quote,
    "table_open": _Setter.open_table,
    "th_open": _Setter.open_cell,
    "td_open": _Setter.open_cell,
    "tr_open": _Setter.open_row,
    "table_close": _Setter.close_table,
}
