"""Reads what a provider sends without trusting its shape: what is not there, or is something else, is `None`."""

from __future__ import annotations

from datetime import UTC, datetime
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


def flag(value: Any) -> bool:
    """A boolean, also where it is written as a word or a number."""
    if isinstance(value, str):
        return value.strip().lower() in ("true", "yes", "1")
    return value is True or (isinstance(value, int) and value == 1)


def whole(value: Any) -> int | None:
    """A whole number, also where it is written as text."""
    if isinstance(value, bool):
        return None
    try:
        return int(value) if isinstance(value, int | str) else None
    except ValueError:
        return None


def iso_time(value: Any) -> datetime | None:
    """A time in ISO 8601 as an aware one; without a zone it is UTC."""
    written = text(value)
    try:
        found = datetime.fromisoformat(written) if written and not written.isdigit() else None
    except ValueError:
        return None
    if found is None or found.tzinfo is not None:
        return found
    return found.replace(tzinfo=UTC)


def epoch_time(value: Any, *, per_second: int) -> datetime | None:
    """A time counted since 1970 in UTC, `per_second` counts a second (1000 for milliseconds), as an aware one."""
    counted = whole(value)
    try:
        return None if counted is None else datetime.fromtimestamp(counted / per_second, UTC)
    except (ValueError, OverflowError, OSError):
        return None
