"""`esign recipes`: which business scenarios there are."""

from __future__ import annotations

import json
from typing import Annotated

from cyclopts import App, Parameter

from cli.failures import AnswerIsNo
from cli.tables import show

app = App(name="recipes", help_format="plaintext")


@app.command(name="list")
def list_recipes(*, as_json: Annotated[bool, Parameter("--json", negative="")] = False) -> None:
    """Show every recipe, what it is for, and the columns its sheet needs.

    Parameters
    ----------
    as_json
        Print JSON for another program to read.
    """
    from recipes.errors import RecipeError
    from recipes.loading import folders, load
    from recipes.model import Recipe

    found: list[Recipe] = []
    broken: list[str] = []
    for _, folder in sorted(folders().items()):
        try:
            found.append(load(folder))
        except RecipeError as error:
            broken.append(str(error))
    if as_json:
        facts = [{"recipe": r.name, "description": r.description, "columns": [*r.columns, *r.others]} for r in found]
        print(json.dumps(facts, indent=2, ensure_ascii=False))
    else:
        show(
            ("recipe", "what it is for", "columns of its sheet"),
            [(recipe.name, recipe.description, ", ".join([*recipe.columns, *recipe.others])) for recipe in found],
        )
    if broken:
        raise AnswerIsNo(" ".join(broken))
