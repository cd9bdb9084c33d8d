"""Opens a workbook's zip archive without trusting what it says about itself."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from connectors.sheets.errors import SheetError
from connectors.sheets.places import Kind, Place

MOST_PARTS = 10_000
MOST_UNPACKED = 1 << 30
"""Bytes of all parts together; a sheet of 100,000 rows has some 100 MB."""
_SMALL = 32 << 20
_RATIO = 100
"""How many times its packed size a part larger than `_SMALL` may have; worksheets have 8 to 30 times, bombs 1,000."""
_PIECE = 1 << 16
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError, RuntimeError, KeyError)


class Package:
    """The parts of a workbook, each read when it is asked for."""

    def __init__(self, raw: bytes, place: Place) -> None:
        """Raises `SheetError` for what is no workbook of the place's kind, and for what is dangerous to open."""
        self.place = place
        self.file = place.path
        if not raw:
            raise SheetError(f"{self.file} is empty: the first row has to name the columns.")
        _check_kind(raw, place)
        with self._whole():
            self.zip = zipfile.ZipFile(io.BytesIO(raw))
        self._infos = {info.filename.lower(): info for info in self.zip.infolist()}
        self._check_sizes()

    @property
    def names(self) -> list[str]:
        """All parts, in the order they are listed."""
        return [info.filename for info in self.zip.infolist()]

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._infos

    def info(self, name: str) -> zipfile.ZipInfo:
        """What the archive says about a part; names are the same in capitals (ECMA-376 part 2, 6.2.2.3)."""
        try:
            return self._infos[name.lower()]
        except KeyError:
            raise self.damaged() from None

    def pieces(self, name: str) -> Iterator[bytes]:
        """A part, some bytes at a time. Never more than the archive has announced: beyond that, it is damaged."""
        info = self.info(name)
        with self._whole(), self.zip.open(info) as file:
            while piece := file.read(_PIECE):
                yield piece

    def damaged(self) -> SheetError:
        """What to say about an archive that does not hold together."""
        return SheetError(f"{self.file} is damaged or incomplete: open it, save it again, and give that file.")

    @contextmanager
    def _whole(self) -> Iterator[None]:
        try:
            yield
        except SheetError:
            raise
        except _BROKEN:
            raise self.damaged() from None

    def _check_sizes(self) -> None:
        infos = self.zip.infolist()
        if len(infos) != len(self._infos):
            raise self.damaged()
        if any(info.flag_bits & 1 for info in infos):
            raise SheetError(f"{self.file} is protected by a password: save it without one and give that file.")
        bombs = (info.file_size > max(_SMALL, _RATIO * info.compress_size) for info in infos)
        if len(infos) > MOST_PARTS or sum(info.file_size for info in infos) > MOST_UNPACKED or any(bombs):
            raise SheetError(f"{self.file} unpacks to far more than a sheet holds: copy the rows into a new workbook.")


def _check_kind(raw: bytes, place: Place) -> None:
    if raw.startswith(_OLE):
        if _ENCRYPTED in raw:
            raise SheetError(f"{place.path} is protected by a password: save it without one and give that file.")
        raise SheetError(f"{place.path} is a workbook of the old kind (.xls): save it as .xlsx and give that file.")
    if not raw.startswith(b"PK"):
        ending = "OpenDocument (.ods)" if place.kind is Kind.ODS else "Excel (.xlsx)"
        raise SheetError(
            f"{place.path} is no workbook, whatever its name says: save it as {ending} and give that file."
        )
