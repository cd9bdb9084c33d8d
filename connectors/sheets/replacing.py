"""Replaces a file's content in one step, without losing what somebody else saved in the meantime."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from connectors.sheets.errors import SheetError
from connectors.sheets.loading import load

try:
    import fcntl
except ImportError:  # Windows, where an open sheet cannot be replaced anyway
    fcntl = None  # type: ignore[assignment] # Windows has none; who uses it asks first

T = TypeVar("T")
TRIES = 5
_PIECE = 1 << 20


def rewrite(place: Path, change: Callable[[bytes], tuple[bytes, T]], *, settle: float) -> T:
    """Put `change(content)` in the place of the file's content, and return what else `change` returns.

    A file saved less than `settle` seconds ago may still be in the middle of being saved, so it is left alone that
    long. If the file changes while we work, `change` is asked again with the new content. Between the last
    look and the replacement lie some microseconds, which no system lets us close for programs that do not lock.
    Same content: the file is not touched. Raises `SheetError` when the file is locked, read-only or never at rest.
    """
    for _ in range(TRIES):
        let_settle(place, settle)
        with _alone(place):
            before = load(place)
            content, outcome = change(before)
            if content == before:
                return outcome
            if _replace(place, before, content):
                return outcome
    raise SheetError(f"{place} keeps changing while it is written: close it in other programs and try again.")


def create(place: Path, content: bytes, *, like: Path) -> bool:
    """Put a new file there in one step, with the mode and owner of another; False if there is one by now."""
    try:
        draft = _draft(place, content, like)
    except OSError:
        raise SheetError(f"{place.parent} cannot be written to: check its permissions and the free space.") from None
    try:
        place.hardlink_to(draft)
    except FileExistsError:
        return False
    except OSError:  # a drive without links
        if place.exists():
            return False
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)
    _keep(place.parent)
    return True


def let_settle(place: Path, settle: float) -> None:
    """Wait until the file was saved at least so many seconds ago."""
    with suppress(OSError):
        age = time.time() - place.stat().st_mtime
        if 0 <= age < settle:
            time.sleep(settle - age)


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Keeps our own processes apart: the second one waits until the first one's file is in place."""
    if fcntl is None:
        yield
        return
    while True:
        try:
            file = place.open("rb")
        except OSError:
            yield  # reading says what is wrong
            return
        with file:
            with suppress(OSError):  # a network drive without locks
                fcntl.flock(file, fcntl.LOCK_EX)
            if place.exists() and place.stat().st_ino != os.fstat(file.fileno()).st_ino:
                continue
            yield
            return


def _replace(place: Path, before: bytes, content: bytes) -> bool:
    """False if the file is no longer what it was before."""
    if not os.access(place, os.W_OK):
        raise SheetError(f"{place} is read-only: allow writing, so that the status columns can be filled in.")
    try:
        draft = _draft(place, content, place)
    except OSError:
        raise SheetError(f"{place.parent} cannot be written to: check its permissions and the free space.") from None
    try:
        if not _still(place, before):
            return False
        draft.replace(place)
    except PermissionError:
        raise SheetError(f"{place} is open in another program: close it there and try again.") from None
    finally:
        draft.unlink(missing_ok=True)
    _keep(place.parent)
    return True


def _still(place: Path, before: bytes) -> bool:
    """Whether the file holds this, looked at piece by piece."""
    try:
        with place.open("rb") as file:
            for start in range(0, len(before), _PIECE):
                if file.read(_PIECE) != before[start : start + _PIECE]:
                    return False
            return not file.read(1)
    except OSError:
        load(place)  # says what is wrong
        return False


def _draft(place: Path, content: bytes, like: Path) -> Path:
    """The new content beside the place, on the disk for good, with the mode and owner of a file like it."""
    handle, name = tempfile.mkstemp(prefix=f".{place.stem[:40]}.", suffix=".tmp", dir=place.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            with suppress(PermissionError, AttributeError):  # only root gives files away; Windows has no owners
                there = like.stat()
                os.fchown(file.fileno(), there.st_uid, there.st_gid)
            os.fsync(file.fileno())
        shutil.copymode(like, draft)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return draft


def _keep(folder: Path) -> None:
    """Makes the folder remember the new file through a power cut; Windows does so by itself."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
