"""Reads durations as people write them in a recipe: `3d`, `12h`, `5m`, `30s`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

PATTERN = r"^[1-9][0-9]{0,5}[dhms]$"
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def duration(text: object) -> timedelta:
    """The time a text stands for. Raises `ValueError` with a sentence."""
    if isinstance(text, timedelta):
        return text
    if not isinstance(text, str) or not re.fullmatch(PATTERN, text):
        raise ValueError("should be a number with d, h, m or s behind it, like 3d or 12h")
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})


def written(time: timedelta) -> str:
    """The shortest way to write it: `3d` rather than `72h`."""
    seconds = int(time.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


Duration = Annotated[
    timedelta,
    BeforeValidator(duration),
    PlainSerializer(written),
    WithJsonSchema({"type": "string", "pattern": PATTERN}),
]
