"""How many examples a property is tried with, and which."""

from __future__ import annotations

import os

EVERYTHING = bool(os.environ.get("ESIGN_TEST_ALL"))
EXPLORING = bool(os.environ.get("ESIGN_TEST_EXPLORE"))
"""Others each time (`make explore`). Elsewhere the same ones again, so that a test fails for what was changed."""


def examples(number: int) -> int:
    """So many in `make test-all`, a third of them in `make test`."""
    return number if EVERYTHING else max(1, number // 3)
