"""Finds the place where signed documents are kept: a file-system block of Prefect, or a folder."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from prefect.blocks.core import Block
from prefect.filesystems import LocalFileSystem

from ledger.settings import Settings

_BLOCK = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*/[A-Za-z0-9][A-Za-z0-9_-]*")


class ArchiveNotFound(Exception):
    """`ESIGN_ARCHIVE` names no place documents can be written to."""

    public = True


class Archive(Protocol):
    """What the archive must be able to do; every file-system block can."""

    async def write(self, name: str, content: bytes) -> None: ...

    async def read(self, name: str) -> bytes: ...


class BlockArchive:
    """An archive in a Prefect file-system block: local folder, S3, GCS, Azure, SMB, anything fsspec reaches."""

    def __init__(self, block: Block) -> None:
        self._write = _verb(block, "write_path")
        self._read = _verb(block, "read_path")

    async def write(self, name: str, content: bytes) -> None:
        """Keep `content` under `name`; a second time replaces the first."""
        answer = self._write(path=name, content=content)
        if inspect.isawaitable(answer):
            await answer

    async def read(self, name: str) -> bytes:
        """What is kept under `name`."""
        answer = self._read(path=name)
        return bytes(await answer if inspect.isawaitable(answer) else answer)


class ArchiveWhenNeeded:
    """The archive these settings name, looked for at its first use: one that is not there holds up documents alone."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened: Archive | None = None

    async def write(self, name: str, content: bytes) -> None:
        """Keep `content` under `name`. Raises `ArchiveNotFound`."""
        await (await self._archive()).write(name, content)

    async def read(self, name: str) -> bytes:
        """What is kept under `name`. Raises `ArchiveNotFound`."""
        return await (await self._archive()).read(name)

    async def _archive(self) -> Archive:
        if self._opened is None:
            self._opened = await archive_of(self._settings)
        return self._opened


async def archive_of(settings: Settings) -> BlockArchive:
    """The archive these settings name. Raises `ArchiveNotFound` with the sentence that says what to set.

    `type-slug/name` is a saved block; everything else is a folder, with its absolute path.
    """
    place = settings.archive
    if place is None or not _BLOCK.fullmatch(place):
        folder = settings.home / "archive" if place is None else Path(place)
        return BlockArchive(LocalFileSystem(basepath=_own_folder(folder)))
    try:
        return BlockArchive(await Block.aload(place))
    except ValueError:
        raise ArchiveNotFound(f"ESIGN_ARCHIVE names the block {place}, which is not saved in Prefect.") from None


def _verb(block: Block, name: str) -> Callable[..., Any]:
    """A block's verb, the asynchronous one where it has two."""
    verb: Callable[..., Any] | None = getattr(block, f"a{name}", None) or getattr(block, name, None)
    if verb is None:
        raise ArchiveNotFound("ESIGN_ARCHIVE must name a file-system block, such as local-file-system/signed.")
    return verb


def _own_folder(folder: Path) -> str:
    """Signed documents are nobody else's business: the folder is made for its owner alone."""
    if not folder.is_absolute():
        raise ArchiveNotFound("ESIGN_ARCHIVE must be a folder's absolute path, or a block as type-slug/name.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return str(folder)
