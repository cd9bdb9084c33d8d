"""Reads what a provider sends without trusting its shape: what is not there, or is something else, is `None`."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json


def read_json(body: bytes) -> Any:
    """Parse JSON of unknown origin. Raises `ValueError` for anything else, however deep, broken or badly encoded."""
    return from_json(body, allow_inf_nan=False)


def read_object(body: bytes) -> dict[str, Any]:
    """Parse a JSON object. Raises `ValueError` with a sentence, which never repeats the body."""
    try:
        value = read_json(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ValueError("The body is not a JSON object.")
    return value


def dig(value: Any, *path: str) -> Any:
    """What stands at the end of `path` through nested objects."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def text(value: Any) -> str | None:
    """A string as a string, a whole number as its digits, everything else (and blank) as `None`.

    NUL goes, because databases cannot store it.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return None
    return value.replace("\0", "").strip() or None


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
