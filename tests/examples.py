"""How many examples a property is tried with."""

from __future__ import annotations

import os

EVERYTHING = bool(os.environ.get("ESIGN_TEST_ALL"))


def examples(number: int) -> int:
    """So many in `make test-all`, a third of them in `make test`."""
    return number if EVERYTHING else max(1, number // 3)
