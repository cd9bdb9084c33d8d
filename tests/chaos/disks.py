"""A small disk of its own for a ledger, which can be filled; only root may mount one."""

from __future__ import annotations

import contextlib
import functools
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

BALLAST = "ballast"


@contextlib.contextmanager
def disk(place: Path, megabytes: int = 24) -> Iterator[None]:
    """Mount an empty disk at `place` for a while."""
    place.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
    subprocess.run(mount, check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=False, capture_output=True)


@functools.cache
def can_mount() -> bool:
    """Whether this user may."""
    try:
        with tempfile.TemporaryDirectory() as folder, disk(Path(folder) / "disk", 1):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def fill(place: Path) -> None:
    """Leave no byte of the disk free."""
    with contextlib.suppress(OSError), (place / BALLAST).open("ab", buffering=0) as ballast:
        while True:
            ballast.write(os.urandom(4096))


def empty(place: Path) -> None:
    (place / BALLAST).unlink(missing_ok=True)
