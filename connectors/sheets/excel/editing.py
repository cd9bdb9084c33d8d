"""Changes cells in a worksheet's XML and copies everything else byte by byte."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from connectors.sheets.errors import SheetError
from connectors.sheets.excel.escapes import escaped
from connectors.sheets.excel.names import MOST_COLUMNS, cell_name, column_index, column_letters
from connectors.sheets.excel.package import Package
from connectors.sheets.excel.parts import replaced
from connectors.sheets.excel.scanning import Layout
from connectors.sheets.filling import Filling

_TOKEN = re.compile(
    rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
    rb"|<(?P<close>/?)(?P<name>[^\s/>]+)(?P<rest>(?:[^>\"']|\"[^\"]*\"|'[^']*')*?)(?P<empty>/?)>",
    re.DOTALL,
)
"""All that can stand in well-formed XML without a document type, between texts."""
_ATTRIBUTE = rb"""(\s%s\s*=\s*)(?:"([^"]*)"|'([^']*)')"""
_START = 4
"""Bytes that tell UTF-16, which needs no declaration."""
_CLOSING = 1 << 10
"""Bytes that are looked at behind a row for its closing tag."""
Edit = Callable[[bytes], tuple[bytes, int]]


def filled_in(
    raw: bytes, package: Package, part: str, layout: Layout, filling: Filling, header: int, comment: bytes | None = None
) -> bytes:
    """The workbook with our cells in one of its parts; `comment`: see `replaced`. Raises `SheetError`."""
    if layout.encoding not in {"utf-8", "us-ascii"} or b"\0" in next(package.pieces(part), b"")[:_START]:
        raise SheetError(f"{package.file} is written in an unusual encoding: open it in Excel and save it.")
    changed = Cells(layout, str(package.file)).changed(package.pieces(part), filling, header)
    return replaced(raw, package, part, changed, comment)


@dataclass(frozen=True, slots=True)
class Cells:
    """How the cells of one worksheet are written. Names are bytes with the worksheet's prefix."""

    layout: Layout
    file: str

    def changed(self, pieces: Iterator[bytes], filling: Filling, header: int) -> Iterator[bytes]:
        """The worksheet with these cells. Raises `SheetError` where a cell of ours holds a formula."""
        rows = {index: dict(texts) for index, texts in filling.cells.items() if texts}
        if filling.headers:
            rows.setdefault(header, {}).update(filling.headers)
        last = max(max(texts) for texts in rows.values())
        if last >= MOST_COLUMNS:
            raise SheetError(f"{self.file} has no room for our columns at the right: delete what stands far right.")
        edits: list[tuple[int, int, Edit]] = []
        for index in sorted(rows):
            at = self.layout.rows[index]
            edits.append((self.layout.starts[at], self.layout.ends[at], self._row_edit(index, rows[index])))
        if self.layout.dimension >= 0:
            edits.append((self.layout.dimension, self.layout.dimension, lambda raw: self._widened(raw, last)))
        return spliced(pieces, sorted(edits, key=lambda edit: edit[0]))

    def _row_edit(self, index: int, texts: Mapping[int, str]) -> Edit:
        return lambda raw: self._row(raw, index, texts)

    def _row(self, raw: bytes, index: int, texts: Mapping[int, str]) -> tuple[bytes, int]:
        """The row with these cells, and how many bytes it had. `raw` begins with it and goes on behind it."""
        row, cell = self._tag("row"), self._tag("c")
        first = _TOKEN.match(raw)
        assert first is not None and first["name"] == row
        opening, at = _spanning(first[0], max(texts)), first.end()
        if first["empty"]:
            made = b"".join(self._cell(index, column, texts[column], b"") for column in sorted(texts))
            return opening[:-2].rstrip() + b">" + made + b"</" + row + b">", at
        out = [opening]
        left = dict(sorted(texts.items()))
        column, began, depth = -1, -1, 0
        formula, tag = False, b""
        copied = at
        for found in _TOKEN.finditer(raw, at):
            name = found["name"]
            if name is None:
                continue
            if name == row and found["close"]:
                out.append(raw[copied : found.start()])
                out += [self._cell(index, place, text, b"") for place, text in left.items()]
                out.append(found[0])
                return b"".join(out), found.end()
            if found["close"]:
                depth -= 1
            elif depth == 0 and name == cell:
                column, began, formula, tag = _column(found[0], column), found.start(), False, found[0]
                for place in [place for place in left if place < column]:
                    out += [raw[copied:began], self._cell(index, place, left.pop(place), b"")]
                    copied = began
            elif name == self._tag("f"):
                formula = True
            if not found["close"] and not found["empty"]:
                depth += 1
            if depth == 0 and name == cell and column in left:
                if formula:
                    raise SheetError(
                        f"{self.file}, cell {cell_name(index, column)}: a formula stands in our column: delete it."
                    )
                out += [raw[copied:began], self._cell(index, column, left.pop(column), tag)]
                copied = found.end()
        raise AssertionError("A row that was read ends somewhere.")

    def _cell(self, row: int, column: int, text: str, before: bytes) -> bytes:
        """A cell with this text; of the one before it its looks stay. A text can be no formula, whatever it says."""
        style = _value(before, b"s")
        start = b'<%s r="%s"' % (self._tag("c"), cell_name(row, column).encode())
        start += b' s="%s"' % style if style else b""
        if not text:
            return start + b"/>"
        is_, t = self._tag("is"), self._tag("t")
        kept = b' xml:space="preserve"' if text != text.strip() else b""
        return b'%s t="inlineStr"><%s><%s%s>%s</%s></%s></%s>' % (
            start, is_, t, kept, escaped(text).encode(), t, is_, self._tag("c"),
        )  # fmt: skip

    def _widened(self, raw: bytes, last: int) -> tuple[bytes, int]:
        """The dimension with this column in it."""
        found = _TOKEN.match(raw)
        assert found is not None
        first, colon, end = _value(found[0], b"ref").partition(b":")
        letters = (end if colon else first).rstrip(b"0123456789").decode()
        if not letters.isalpha() or column_index(letters) >= last:
            return found[0], found.end()
        digits = (end if colon else first)[len(letters) :]
        wider = first + b":" + column_letters(last).encode() + digits
        return _with_value(found[0], b"ref", wider), found.end()

    def _tag(self, name: str) -> bytes:
        return (self.layout.prefix + name).encode()


def spliced(pieces: Iterator[bytes], edits: list[tuple[int, int, Edit]]) -> Iterator[bytes]:
    """The pieces with some stretches changed: each edit has a start, an end behind which it needs some more bytes to
    see, and what turns them into new ones and the number of bytes they replace."""
    buffer, offset, at = b"", 0, 0
    for start, end, edit in edits:
        while offset + len(buffer) <= start and (piece := next(pieces, None)) is not None:
            yield buffer[at:]
            buffer, offset, at = piece, offset + len(buffer), 0
        if offset + len(buffer) < end + _CLOSING:
            yield buffer[at : start - offset]
            held, length = [buffer[start - offset :]], len(buffer) - (start - offset)
            while start + length < end + _CLOSING and (piece := next(pieces, None)) is not None:
                held.append(piece)
                length += len(piece)
            buffer, offset, at = b"".join(held), start, 0
        yield buffer[at : start - offset]
        made, replaced = edit(buffer[start - offset : end - offset + _CLOSING])
        yield made
        at = start - offset + replaced
    yield buffer[at:]
    yield from pieces


def _spanning(tag: bytes, last: int) -> bytes:
    """The row's tag; the columns it says it spans, if it says so, are made to reach to this one."""
    spans = _value(tag, b"spans")
    found = re.fullmatch(rb"(\d{1,5}):(\d{1,5})", spans)
    if not found or int(found[2]) > last:
        return tag
    return _with_value(tag, b"spans", b"%s:%d" % (found[1], last + 1))


def _column(tag: bytes, before: int) -> int:
    reference = _value(tag, b"r").decode()
    return column_index(reference.rstrip("0123456789")) if reference else before + 1


def _value(tag: bytes, name: bytes) -> bytes:
    found = re.search(_ATTRIBUTE % name, tag)
    return (found[2] if found[2] is not None else found[3]) if found else b""


def _with_value(tag: bytes, name: bytes, value: bytes) -> bytes:
    return re.sub(_ATTRIBUTE % name, lambda found: found[1] + b'"' + value + b'"', tag, count=1)
