"""The small template language of recipes: names, filters, `if` and `for`; no calls, no attributes, no way out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, NoReturn

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from connectors.sheets import OUR_COLUMNS
from recipes.escaping import plain, shown
from recipes.headers import COLUMN, bare
from recipes.pieces import Pieces, filled, pieces_of

LONGEST = 500_000
"""Characters a template may give."""
ROW = "row"
"""Before the name of a column the recipe does not declare, as in `{{ row.cost_centre }}`."""
_OURS = {bare(name) for name in OUR_COLUMNS}
_MOST_TURNS = 1000
_MONTHS = "January February March April May June July August September October November December"
_FILTERS = ("capitalize", "default", "first", "join", "last", "length", "lower", "replace", "title", "trim", "upper")
_REFUSED = (
    *(nodes.Macro, nodes.CallBlock, nodes.AssignBlock, nodes.FilterBlock, nodes.Block, nodes.ScopedEvalContextModifier),
    *(nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport, nodes.NSRef, nodes.Getitem),
    *(nodes.Mul, nodes.Pow, nodes.Mod),
)


class LanguageError(ValueError):
    """A template that cannot be used; `line` is counted from 1 within its text."""

    def __init__(self, sentence: str, line: int) -> None:
        super().__init__(sentence)
        self.line = line


class TooLongError(TemplateError):
    """A template gives more text than any document has."""


def check(text: str, known: Collection[str]) -> frozenset[str]:
    """Raise `LanguageError` unless the template can be understood and names nothing but `known`.

    Which other columns of the sheet it asks for; only where `ROW` is known.
    """
    environment = _environment(markdown=False)
    try:
        tree = environment.parse(text)
        for node in tree.find_all(nodes.Node):
            _check_node(node)
        environment.compile(tree)  # after the check: compiling works out what is constant, however long that takes
    except TemplateSyntaxError as error:
        raise LanguageError(f"{error.message}", error.lineno) from None
    others = _others(tree) if ROW in known else {}
    unknown = find_undeclared_variables(tree) - set(known)
    for name in tree.find_all(nodes.Name):
        if name.name in unknown:
            raise LanguageError(f"{name.name!r} is no column here: declare it or correct the name", name.lineno)
    declared = {bare(name): name for name in known if name != ROW}
    for other, line in others.items():
        if (column := declared.get(bare(other))) is not None:
            raise LanguageError(f"the column {column} is declared: write {column} instead of {ROW}.{other}", line)
        if bare(other) in _OURS:
            raise LanguageError(f"{ROW}.{other}: this column is one we write, and says something else later", line)
    return frozenset(others)


def fill(text: str, values: Mapping[str, object], *, markdown: bool = False) -> str:
    """The template's text for these values; in a Markdown document every value stays plain text.

    Raises `jinja2.TemplateError` or `ArithmeticError`, `TypeError`, `ValueError` from within the template. What they
    say may carry a value.
    """
    if (simple := _simple(text, markdown)) is not None:
        try:
            text = "".join(filled(simple, values, plain if markdown else shown))
        except KeyError:  # Jinja says which name is missing
            pass
        else:
            return text if len(text) <= LONGEST else _refuse_length()
    return _bounded(_compiled(text, markdown).generate(values))


def _bounded(pieces: Iterable[str]) -> str:
    kept, length = [], 0
    for piece in pieces:
        length += len(piece)
        if length > LONGEST:
            _refuse_length()
        kept.append(piece)
    return "".join(kept)


def _check_node(node: nodes.Node) -> None:
    if isinstance(node, nodes.For) and (node.recursive or _depth(node) > 2):
        raise LanguageError("loops stand at most two deep", node.lineno)
    if isinstance(node, _REFUSED):
        raise LanguageError("this is more than recipes can say: keep to names, filters, if and for", node.lineno)
    if isinstance(node, nodes.Call) and not _named(node.node, "range"):
        raise LanguageError("nothing can be called but range: put the result into a column", node.lineno)
    if isinstance(node, nodes.Getattr) and not _named(node.node, "loop", ROW):
        raise LanguageError(f"values have no parts: .{node.attr} cannot be asked for; use a filter", node.lineno)


def _others(tree: nodes.Template) -> dict[str, int]:
    """The columns asked for by `row.name`, each with a line it stands in."""
    asked = [node for node in tree.find_all(nodes.Getattr) if _named(node.node, ROW)]
    before_names = {id(node.node) for node in asked}
    for name in tree.find_all(nodes.Name):
        if _named(name, ROW) and id(name) not in before_names:
            raise LanguageError(f"{ROW} stands before a column's name only, as in {ROW}.cost_centre", name.lineno)
    for node in asked:
        if not re.fullmatch(COLUMN, node.attr):
            raise LanguageError(f"{ROW}.{node.attr}: write a column's name in small letters, digits and _", node.lineno)
    return {node.attr: node.lineno for node in asked}


def _named(node: nodes.Node, *names: str) -> bool:
    return isinstance(node, nodes.Name) and node.name in names


def _depth(loop: nodes.For) -> int:
    return 1 + max((_depth(inner) for inner in loop.find_all(nodes.For)), default=0)


@lru_cache(maxsize=512)
def _simple(text: str, markdown: bool) -> Pieces | None:
    environment = _environment(markdown)
    return pieces_of(environment, environment.parse(text).body)


@lru_cache(maxsize=512)
def _compiled(text: str, markdown: bool) -> Template:
    template = _environment(markdown).from_string(text)
    # Jinja's chain of one mapping over another is copied at every filling, ten times slower than a dict is.
    template.globals = dict(template.globals)
    return template


@lru_cache(maxsize=2)
def _environment(markdown: bool) -> ImmutableSandboxedEnvironment:
    # Without HTML escaping: the result is Markdown or plain text, and `plain` does what Markdown needs.
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,
        finalize=plain if markdown else shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters: dict[str, Any] = {name: environment.filters[name] for name in _FILTERS}
    environment.filters = filters | {"long_date": long_date}
    environment.globals = {"range": _short_range}
    return environment


def long_date(day: date | str) -> str:
    """`31 December 2026`, in English whatever the machine speaks; nothing for an empty cell."""
    return f"{day.day} {_MONTHS.split()[day.month - 1]} {day.year}" if isinstance(day, date) else str(day)


def _short_range(*bounds: int) -> range:
    turns = range(*bounds)
    if len(turns) > _MOST_TURNS:
        _refuse()
    return turns


def _refuse_length() -> NoReturn:
    raise TooLongError(f"The text would be longer than {LONGEST} characters.")


def _refuse() -> NoReturn:
    raise TooLongError(f"A loop may turn {_MOST_TURNS} times at most.")
