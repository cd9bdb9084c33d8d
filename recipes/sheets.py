"""What a new sheet for a recipe looks like: its columns, what people are told about each, and a sample row."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.sheets.making import ColumnPlan
from recipes.model import Column, Recipe
from recipes.rows import example_cells

_HOW: Mapping[str, str] = {
    "email": "An e-mail address.",
    "date": "A date; in a text file written like 2026-12-31.",
    "integer": "A whole number.",
    "number": "A number.",
    "yes_no": "yes or no.",
    "url": "A web address that begins with https://.",
}


def column_plans(recipe: Recipe) -> list[ColumnPlan]:
    """The recipe's columns, in its order, and behind them those its templates ask for without declaring them."""
    declared = [
        ColumnPlan(
            name=name,
            kind=column.type,
            note=_note(name, column, is_key=name in recipe.key_columns),
            choices=column.choices,
            required=column.required and column.default is None,
        )
        for name, column in recipe.columns.items()
    ]
    others = [
        ColumnPlan(name=name, kind="text", note="Any text. May stay empty.", choices=(), required=False)
        for name in recipe.others
    ]
    return [*declared, *others]


def sample_rows(recipe: Recipe) -> list[dict[str, str]]:
    """One row of the recipe's examples."""
    return [example_cells(recipe)]


def _note(name: str, column: Column, *, is_key: bool) -> str:
    said = [column.description, _how(column)]
    if column.default is not None:
        said.append(f"Left empty it is {column.default}.")
    elif not column.required:
        said.append("May stay empty.")
    if is_key:
        said.append("Tells this row from the others: do not change it once the row has been sent.")
    said.append(f"Example: {column.example}")
    return " ".join(part for part in said if part)


def _how(column: Column) -> str:
    if column.type == "phone":
        country = f", or as dialled in {column.region}" if column.region else ""
        return f"A telephone number with its country code, like +44 20 7946 0018{country}."
    if column.type == "money":
        return f"An amount in {column.currency}." if column.currency else "An amount."
    if column.type == "choice":
        return f"One of: {', '.join(column.choices)}."
    return _HOW.get(column.type, "")
