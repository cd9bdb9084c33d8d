"""Replaces one part of a zip archive and copies all others as they stand, packed bytes and dates included."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterable

from connectors.sheets.errors import SheetError
from connectors.sheets.excel.package import Package

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_BIG = 0xFFFFFFFF
_DESCRIBED = 0x8
"""The flag that says sizes follow the data, which ours do not."""
_ZIP64 = 1


def replaced(raw: bytes, package: Package, part: str, content: Iterable[bytes], comment: bytes | None = None) -> bytes:
    """The archive with this content in that part, and this comment at its end, else the one it has.

    Raises `SheetError` where the archive is unusual.
    """
    infos = package.zip.infolist()
    info = package.info(part)
    start = package.zip.start_dir
    starts = sorted({other.header_offset for other in infos})
    if len(starts) != len(infos):
        raise _unusual(package)
    ends = dict(zip(starts, [*starts[1:], start], strict=True))
    head, packed, crc, size = _entry(raw, info, content)
    if max(size, len(packed), len(raw) + len(packed)) >= _BIG:
        raise SheetError(f"{package.file} is too large to be filled in: split it into several sheets.")
    out = bytearray(raw[: starts[0]])
    offsets: dict[int, int] = {}
    for other in sorted(infos, key=lambda entry: entry.header_offset):
        offsets[other.header_offset] = len(out)
        if other is info:
            out += head + packed
        else:
            out += raw[other.header_offset : ends[other.header_offset]]
    directory = len(out)
    at = start
    for other in infos:
        sizes = (crc, len(packed), size) if other is info else None
        at = _central(raw, at, out, offsets[other.header_offset], sizes, package)
    comment = package.zip.comment if comment is None else comment
    counted = len(infos)
    out += _END.pack(b"PK\x05\x06", 0, 0, counted, counted, len(out) - directory, directory, len(comment)) + comment
    return bytes(out)


def _entry(raw: bytes, info: zipfile.ZipInfo, content: Iterable[bytes]) -> tuple[bytes, bytes, int, int]:
    """The part's new header and packed bytes, their checksum and their size."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    crc, size, packed = 0, 0, bytearray()
    for piece in content:
        crc, size = zlib.crc32(piece, crc), size + len(piece)
        packed += packer.compress(piece)
    packed += packer.flush()
    fields = list(_LOCAL.unpack_from(raw, info.header_offset))
    _, version, flags, _, time, date, _, _, _, named, extended = fields
    name_at = info.header_offset + _LOCAL.size
    name = raw[name_at : name_at + named]
    extra = _without_zip64(raw[name_at + named : name_at + named + extended])
    head = _LOCAL.pack(
        b"PK\x03\x04", version, flags & ~_DESCRIBED, zipfile.ZIP_DEFLATED, time, date, crc, len(packed), size, named,
        len(extra),
    )  # fmt: skip
    return head + name + extra, bytes(packed), crc, size


def _central(
    raw: bytes, at: int, out: bytearray, offset: int, sizes: tuple[int, int, int] | None, package: Package
) -> int:
    """Copies one entry of the directory with its new place, and its new sizes if it has any; returns where the next one
    stands."""
    fields = list(_CENTRAL.unpack_from(raw, at))
    named, extended, commented = fields[10:13]
    end = at + _CENTRAL.size + named + extended + commented
    name_end = at + _CENTRAL.size + named
    extra = raw[name_end : name_end + extended]
    if fields[0] != b"PK\x01\x02" or fields[16] == _BIG or (sizes is None and _BIG in fields[8:10]):
        raise _unusual(package)
    if sizes is not None:
        extra = _without_zip64(extra)
        fields[3], fields[4] = fields[3] & ~_DESCRIBED, zipfile.ZIP_DEFLATED
        fields[7], fields[8], fields[9], fields[11] = *sizes, len(extra)
    fields[16] = offset
    out += _CENTRAL.pack(*fields) + raw[at + _CENTRAL.size : name_end] + extra + raw[name_end + extended : end]
    return int(end)


def _without_zip64(extra: bytes) -> bytes:
    """Extra fields without the one that holds sizes too large for the header; ours fit."""
    kept, at = b"", 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind != _ZIP64:
            kept += extra[at : at + 4 + length]
        at += 4 + length
    return kept


def _unusual(package: Package) -> SheetError:
    return SheetError(f"{package.file} is packed in an unusual way: save it again in Excel.")
