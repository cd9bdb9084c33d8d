"""Writes `recipe.schema.json`, with which editors complete and check recipes: `python -m recipes.schema`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from recipes.model import RecipeWords

PLACE = Path(__file__).with_name("recipe.schema.json")


def schema() -> dict[str, Any]:
    """The JSON schema of `recipe.yaml`, made from the model."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **RecipeWords.model_json_schema(),
        "title": "A recipe of prefect-esign",
    }


def written() -> str:
    """The text of the file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PLACE.write_text(written(), encoding="utf-8", newline="\n")
