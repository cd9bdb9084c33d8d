"""Takes a sheet's row under a recipe: are the columns there, what is its key, what are its values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from difflib import get_close_matches

from recipes.errors import RecipeError, RowProblem
from recipes.faults import Fault, shortened
from recipes.headers import bare, folded
from recipes.language import ROW
from recipes.model import Column, Recipe
from recipes.values import Value, read

PLAIN = Column(required=False, example="", description="Whatever stands there.")
"""What a column that is not declared is read as."""

MOST, HEADER = 20, 60
"""Columns, and characters of each, that are named in a sentence about what a sheet has."""


def check_columns(recipe: Recipe, columns: Iterable[str]) -> None:
    """Raise `RecipeError`, naming what is missing and what the sheet has, unless the recipe's columns are there.

    Columns match whatever their capitals, spaces, hyphens and accents: `Signer E-Mail` is `signer_email`. A column
    that is not required may be missing; columns the recipe does not ask for are nobody's business.
    """
    asked = recipe.by_header | {bare(name): name for name in recipe.others}
    there: dict[str, str] = {}
    for column in columns:
        name = bare(column)
        if name in there and name in asked:
            raise RecipeError(
                f"The columns {there[name]!r} and {column!r} both mean {asked[name]}: rename one of them in the sheet."
            )
        there[name] = column
    missing = [name for key, name in asked.items() if key not in there and _is_needed(recipe, name)]
    if not missing:
        return
    listed = ", ".join(missing)
    hint = _alike(missing, {name: column for name, column in there.items() if name not in asked})
    raise RecipeError(
        f"The sheet lacks the column{'s' if len(missing) > 1 else ''} {listed}, which the recipe {recipe.name} needs; "
        f"it has {_listed(list(there.values()))}: {hint}."
    )


def row_key(recipe: Recipe, cells: Mapping[str, str]) -> str:
    """What tells this row from all others, for people to read: its key columns, joined by ` / `.

    Each is folded (NFKC, trimmed), a whole number without leading zeros, an address without regard to capitals, so
    that retyping a cell makes no new row. Raises `RowProblem` when one of them is empty.
    """
    by_name = _by_name(recipe, cells)
    parts = []
    for name in recipe.key_columns:
        text = folded(by_name.get(name, ""))
        if not text:
            way_on = "fill it in, as it tells this row from the others"
            raise RowProblem(Fault("empty", name, "", "is empty", way_on))
        parts.append(_told_apart(_retyped(name, recipe.columns[name], by_name[name], text)))
    return " / ".join(parts)


def row_values(recipe: Recipe, cells: Mapping[str, str]) -> dict[str, Value | Others]:
    """The row's values by column, all of the recipe's columns, and under `row` those of others it asks for.

    Raises `RowProblem`, which names every bad column.
    """
    by_name = _by_name(recipe, cells)
    faults: list[Fault] = []
    values: dict[str, Value | Others] = {**_read(recipe.columns, by_name, faults)}
    if recipe.others:
        there = {bare(column): cell for column, cell in cells.items()}
        by_name = {name: there.get(bare(name), "") for name in recipe.others}
        values[ROW] = Others(_read(dict.fromkeys(recipe.others, PLAIN), by_name, faults))
    if faults:
        raise RowProblem(faults)
    return values


class Others:
    """What `row` is in a template. Not a dictionary, whose methods a template could take for columns."""

    __slots__ = ("_texts",)

    def __init__(self, texts: Mapping[str, Value]) -> None:
        self._texts = texts

    def __getitem__(self, name: str) -> Value:
        return self._texts[name]


def example_cells(recipe: Recipe) -> dict[str, str]:
    """A row made of the columns' examples; those that are not declared hold their own name."""
    declared = {name: column.example for name, column in recipe.columns.items()}
    return declared | {name: name.replace("_", " ") for name in recipe.others}


def _read(columns: Mapping[str, Column], cells: Mapping[str, str], faults: list[Fault]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, column in columns.items():
        try:
            values[name] = read(name, column, cells.get(name, ""))
        except RowProblem as problem:
            faults.extend(problem.faults)
    return values


def _by_name(recipe: Recipe, cells: Mapping[str, str]) -> dict[str, str]:
    return {name: cell for column, cell in cells.items() if (name := recipe.by_header.get(bare(column)))}


def _is_needed(recipe: Recipe, name: str) -> bool:
    column = recipe.columns.get(name)
    return column is None or (column.required and column.default is None)


def _retyped(name: str, column: Column, cell: str, text: str) -> str:
    """What stays the same however this is typed: a number without its leading zeros, a day as 2026-12-31."""
    if column.type == "integer" and re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        return str(int(text))
    if column.type in {"integer", "number", "money", "date"}:
        with suppress(RowProblem):
            return str(read(name, column, cell))
    return text.casefold() if column.type == "email" else text


def _told_apart(part: str) -> str:
    """A word of slashes alone gets one more, so that `a / b` in one column is not `a` and `b` in two."""
    return re.sub(r"(?<!\S)(/+)(?!\S)", r"\1/", part) if "/" in part else part


def _listed(columns: list[str]) -> str:
    """The first columns by name; a sheet may have a thousand, and a header any length."""
    named = [shortened(column, HEADER) for column in columns[:MOST]]
    more = f" and {len(columns) - MOST} more" if len(columns) > MOST else ""
    return f"{', '.join(named)}{more}" if named else "none"


def _alike(missing: list[str], others: dict[str, str]) -> str:
    for name in missing:
        if alike := get_close_matches(bare(name), others, n=1):
            return f"rename {shortened(others[alike[0]], HEADER)!r} to {name}, or add the column"
    return "add what is missing" if len(missing) > 1 else "add it"
