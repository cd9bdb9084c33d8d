"""One of a kind at a time on this machine: a lock the system lets go of when its holder dies."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.failures import BadUsage


@contextmanager
def only_one(path: Path, otherwise: str) -> Iterator[None]:
    """Hold the lock file for the block. Raises `BadUsage` with the sentence `otherwise` while somebody else does."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BadUsage(otherwise) from None
        yield
