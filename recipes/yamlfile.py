"""Reads YAML that people write, and remembers the line of everything in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from recipes.errors import RecipeError

_LARGEST = 1_000_000


class YamlFile:
    """A file's mapping (`text`, as JSON) and where each part of it stands. Raises `RecipeError`, with the line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            source = path.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            raise RecipeError(f"{path} is missing: a recipe is a folder with a recipe.yaml in it.") from None
        except (OSError, UnicodeDecodeError):
            raise RecipeError(f"{path} cannot be read as text: save it as UTF-8.") from None
        if len(source) > _LARGEST:
            raise RecipeError(f"{path} is larger than a recipe can be: put long texts into the document.")
        try:
            self._tree: Any = YAML(typ="rt").load(source)
            # JSON, so that the model can be strict and still take lists; a date becomes the text it was written as.
            self.text = json.dumps(self._tree, default=str)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise self.problem(_sentence(error), mark.line + 1 if mark else None) from None
        except (YAMLError, ValueError, RecursionError):
            raise self.problem("this is no YAML") from None
        if not isinstance(self._tree, dict):
            raise self.problem("a recipe is a list of settings, like id: nda", 1)

    def problem(self, sentence: str, line: int | None = None) -> RecipeError:
        """The error to raise: file, line, what is wrong."""
        return RecipeError(f"{self.path}{f', line {line}' if line else ''}: {sentence}.")

    def line(self, place: Sequence[str | int]) -> int | None:
        """The line where a setting stands, or the innermost thing around it that is there."""
        node, line = self._tree, None
        for step in place:
            try:
                line = (node.lc.key(step) if isinstance(node, CommentedMap) else node.lc.item(step))[0] + 1
                node = node[step]
            except (AttributeError, KeyError, IndexError, TypeError):
                break
        return line


def _sentence(error: MarkedYAMLError) -> str:
    problem = " ".join(str(error.problem or "this is no YAML").split())
    if problem.startswith("found duplicate key"):
        return f"{problem.split(' with ')[0].removeprefix('found duplicate key ')} is there twice: keep one"
    if "mapping values are not allowed" in problem:
        return "a colon in a text confuses YAML: put the text in quotes"
    if "cannot start any token" in problem:
        return f"{problem}: put the text in quotes"
    return f"{problem}: correct the YAML here"
