"""Tells the status file we left from one that somebody has saved since."""

from __future__ import annotations

import hashlib
from pathlib import Path

_MARK = b"esign:"
PENDING = _MARK + b"0" * 64
"""A comment of the right length, to be sealed."""


def sealed(content: bytes) -> bytes:
    """The archive, which ends in `PENDING`, with a checksum of all the rest of it; whoever saves it breaks that."""
    body = content[: -len(PENDING)]
    return body + _MARK + hashlib.sha256(body).hexdigest().encode()


def is_sealed(content: bytes) -> bool:
    """Whether the archive is one of ours, as we left it."""
    body, comment = content[: -len(PENDING)], content[-len(PENDING) :]
    return comment == _MARK + hashlib.sha256(body).hexdigest().encode()


def slip(path: Path) -> Path:
    """A text has no room for a seal: a small hidden file beside it has it instead."""
    return path.with_name(f".{path.name}.esign")


def note(path: Path, *contents: bytes) -> None:
    """Remember these contents of a file as ours: the one that is there, and the one that takes its place."""
    lines = (hashlib.sha256(content).hexdigest() for content in contents)
    slip(path).write_text("\n".join(lines) + "\n", encoding="ascii")


def is_noted(path: Path, content: bytes) -> bool:
    """Whether the file holds what we left."""
    try:
        return hashlib.sha256(content).hexdigest() in slip(path).read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return False
