"""Takes a sheet's row under a recipe: are the columns there, what is its key, what are its values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from recipes.errors import RecipeError, RowProblem
from recipes.model import Recipe
from recipes.values import Value, folded, header, read


def check_columns(recipe: Recipe, columns: Iterable[str]) -> None:
    """Raise `RecipeError`, naming what is missing and what the sheet has, unless the recipe's columns are there.

    Columns match whatever their capitals, spaces and hyphens: `Signer Email` is `signer_email`. A column that is
    not required may be missing; columns the recipe does not know are nobody's business.
    """
    there: dict[str, str] = {}
    for column in columns:
        name = header(column)
        if name in there and name in recipe.columns:
            raise RecipeError(
                f"The columns {there[name]!r} and {column!r} both mean {name}: rename one of them in the sheet."
            )
        there[name] = column
    missing = [name for name, column in recipe.columns.items() if name not in there and _is_needed(recipe, name)]
    if not missing:
        return
    listed = ", ".join(missing)
    hint = _alike(missing, {name: column for name, column in there.items() if name not in recipe.columns})
    raise RecipeError(
        f"The sheet lacks the column{'s' if len(missing) > 1 else ''} {listed}, which the recipe {recipe.name} needs; "
        f"it has {', '.join(there.values()) or 'none'}: {hint}."
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
            raise RowProblem(f"{name}: is empty; fill it in, as it tells this row from the others.")
        parts.append(_told_apart(_retyped(recipe.columns[name].type, text)))
    return " / ".join(parts)


def row_values(recipe: Recipe, cells: Mapping[str, str]) -> dict[str, Value]:
    """The row's values by column, all of the recipe's columns. Raises `RowProblem`, which names every bad column."""
    by_name = _by_name(recipe, cells)
    values: dict[str, Value] = {}
    problems: list[str] = []
    for name, column in recipe.columns.items():
        try:
            values[name] = read(name, column, by_name.get(name, ""))
        except RowProblem as problem:
            problems.append(str(problem))
    if problems:
        raise RowProblem(" ".join(problems))
    return values


def example_cells(recipe: Recipe) -> dict[str, str]:
    """A row made of the columns' examples."""
    return {name: column.example for name, column in recipe.columns.items()}


def _by_name(recipe: Recipe, cells: Mapping[str, str]) -> dict[str, str]:
    return {name: cell for column, cell in cells.items() if (name := header(column)) in recipe.columns}


def _is_needed(recipe: Recipe, name: str) -> bool:
    column = recipe.columns[name]
    return column.required and column.default is None


def _retyped(kind: str, text: str) -> str:
    if kind == "integer" and re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        return str(int(text))
    return text.casefold() if kind == "email" else text


def _told_apart(part: str) -> str:
    """A word of slashes alone gets one more, so that `a / b` in one column is not `a` and `b` in two."""
    return re.sub(r"(?<!\S)(/+)(?!\S)", r"\1/", part)


def _alike(missing: list[str], others: dict[str, str]) -> str:
    for name in missing:
        if alike := get_close_matches(name, others, n=1):
            return f"rename {others[alike[0]]!r} to {name}, or add the column"
    return "add what is missing" if len(missing) > 1 else "add it"
