"""Shows a paper's text as safe HTML, with this signer's fields in their places."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup

from sandbox.document.markup import Line, parse
from sandbox.fields import fields_for
from sandbox.pages.answers import fragment
from sandbox.paper import Paper, Party

_OPTIONS = MarkdownIt("commonmark").options


def as_html(paper: Paper, party: Party, values: Mapping[str, str] | None, *, editable: bool) -> Markup:
    """The paper's text. `values` is what the signer has typed so far, None before anything was; when not `editable`,
    fields show what was filled in, and by whom."""
    tokens = parse(paper.markdown)
    for token in tokens:
        _dress(token)
    env = {"paper": paper, "party": party, "values": values, "editable": editable}
    return Markup(_Renderer().render(tokens, _OPTIONS, env))  # noqa: S704 - the renderer escapes; HTML is off


def _dress(token: Token) -> None:
    """Headings one level down, as the page has its own; classes for styles, which the security policy forbids."""
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
    line = token.meta.get("line")
    if token.nesting == 1 and isinstance(line, Line) and line.alignment != "left":
        token.attrSet("class", line.alignment)
    if style := token.attrs.pop("style", None):
        token.attrSet("class", str(style).removeprefix("text-align:"))
    for child in token.children or []:
        if child.type == "link_open":
            child.attrs |= {"target": "_blank", "rel": "noopener noreferrer"}


class _Renderer(RendererHTML):
    """Knows signer fields beside what Markdown has."""

    def signer_field(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]
    ) -> str:
        """A form field of this signer, or a line about somebody else's."""
        line: Line = tokens[idx].meta["line"]
        paper, party = env["paper"], env["party"]
        label = Markup(self.renderInline(tokens[idx].children or [], options, env))  # noqa: S704 - as above
        assert line.field is not None
        if env["editable"] and line.field in fields_for(paper, party):
            typed = env["values"]
            value = line.field.default if typed is None else typed.get(line.field.id, "")
            return fragment("field.html", field=line.field, label=label, value=value)
        return fragment("filled.html", label=label, answers=_answers(paper, party, line))


def _answers(paper: Paper, reader: Party, line: Line) -> list[tuple[str, str]]:
    """Who fills this in, and what they did; a masked value only its own signer sees."""
    assert line.field is not None
    answers = []
    for party in paper.parties:
        if line.field in fields_for(paper, party):
            value = (party.values or {}).get(line.field.id, "")
            ticked = "yes" if value and line.field.kind in ("checkbox", "radiobutton") else value
            hidden = line.masked and value and party.id != reader.id
            answers.append((party.name, "••••••" if hidden else ticked))
    return answers
