"""Has Python look for garbage in cycles less often while a batch is sent."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

NEW_OBJECTS = 10_000
"""How many more objects there have to be than at the last look. Python's own 700 are one row's; a look each row takes a
seventh of the sending's processor time and finds little, since a row's objects go when nobody has them any more."""


@contextmanager
def seldom_looked_for() -> Iterator[None]:
    """Until the block ends; then as before. It holds for the whole process, and only ever means less often."""
    before = gc.get_threshold()
    if 0 < before[0] < NEW_OBJECTS:
        gc.set_threshold(NEW_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
