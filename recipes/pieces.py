"""Fills in what most of a template is, text with names in it, many times faster than a template engine.

Jinja takes a template apart, once; what is left to do for each of a hundred thousand rows is joining strings. An
expression that is more than a name is filled in by Jinja itself, and so is a template with more than `if` over a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment, Template, nodes


@dataclass(frozen=True, slots=True)
class Name:
    """A name whose value stands here."""

    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What stands here if a name's value says something, and what if not."""

    name: str
    then: Pieces
    otherwise: Pieces


Pieces = tuple["str | Name | Choice | Template", ...]


def pieces_of(environment: Environment, body: Sequence[nodes.Node]) -> Pieces | None:
    """The pieces of a template's nodes, in their order; None for one that is more than this."""
    pieces: list[str | Name | Choice | Template] = []
    for node in _flat(body):
        if isinstance(node, nodes.TemplateData):
            pieces.append(node.data)
        elif isinstance(node, nodes.Name):
            pieces.append(Name(node.name))
        elif isinstance(node, nodes.Expr):
            pieces.append(_alone(environment, node))
        elif isinstance(node, nodes.If) and isinstance(node.test, nodes.Name) and not node.elif_:
            then, otherwise = pieces_of(environment, node.body), pieces_of(environment, node.else_)
            if then is None or otherwise is None:
                return None
            pieces.append(Choice(node.test.name, then, otherwise))
        else:
            return None
    return tuple(pieces)


def filled(pieces: Pieces, values: Mapping[str, object], shown: Callable[[object], str]) -> Iterator[str]:
    """The texts these pieces are for these values. Raises `KeyError` for a name that has none, and what Jinja does."""
    for piece in pieces:
        if isinstance(piece, str):
            yield piece
        elif isinstance(piece, Name):
            yield shown(values[piece.name])
        elif isinstance(piece, Choice):
            yield from filled(piece.then if values[piece.name] else piece.otherwise, values, shown)
        else:
            yield piece.render(values)


def _flat(body: Sequence[nodes.Node]) -> Iterator[nodes.Node]:
    for node in body:
        yield from node.nodes if isinstance(node, nodes.Output) else [node]


def _alone(environment: Environment, node: nodes.Expr) -> Template:
    """A template of this expression alone."""
    tree = nodes.Template([nodes.Output([node], lineno=node.lineno)], lineno=node.lineno)
    tree.set_environment(environment)
    template = Template.from_code(environment, environment.compile(tree), {})
    # Jinja's chain of one mapping over another is copied at every filling, ten times slower than a dict is.
    template.globals = dict(environment.globals)
    return template
