"""Reads one worksheet of an Excel workbook, and remembers where in its XML each row stands."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field

from connectors.sheets.errors import SheetError
from connectors.sheets.excel.escapes import unescape
from connectors.sheets.excel.formats import GENERAL, shown_by
from connectors.sheets.excel.names import MOST_COLUMNS, MOST_ROWS, area, column_index
from connectors.sheets.excel.workbook import Workbook
from connectors.sheets.excel.worksheet import Worksheet
from connectors.sheets.excel.xmlevents import Refused, feed, parser
from connectors.sheets.grid import LONGEST_CELL

_PLAIN = shown_by(GENERAL)
_LONGEST_INDEX = 10
_LONGEST_LETTERS = 4
"""One more than any column has."""


@dataclass
class Layout:
    """Where things stand in a worksheet's XML: bytes from its start."""

    prefix: str = ""
    """What stands before each tag's name, with its colon."""
    encoding: str = "utf-8"
    dimension: int = -1
    rows: dict[int, int] = field(default_factory=dict)
    """Which entry of `starts` and `ends` a row has."""
    starts: array[int] = field(default_factory=lambda: array("Q"))
    ends: array[int] = field(default_factory=lambda: array("Q"))
    """Where the closing tag begins; for an empty row, where it ends."""


def scan(book: Workbook, part: str, sheet: Worksheet) -> Layout:
    """Fill the sheet in from this part of the workbook. Raises `SheetError`."""
    scanner = _Scanner(book, sheet)
    try:
        feed(scanner.parser, book.package.pieces(part))
    except Refused:
        raise book.package.damaged() from None
    sheet.done(scanner.merged)
    return scanner.layout


class _Scanner:
    """Follows a worksheet's tags. Rows and columns are counted from 0."""

    def __init__(self, book: Workbook, sheet: Worksheet) -> None:
        self.book, self.sheet = book, sheet
        self.layout = Layout()
        self.formats = book.formats
        self.merged: list[tuple[int, int, int, int]] = []
        self.row, self.column = -1, -1
        self.cells: list[str] = []
        self.kind, self.style = "n", "0"
        self.formula = self.taking = self.phonetic = self.hidden = self.in_row = False
        self.by_style: dict[str, Callable[[str], str]] = {}
        self.columns: dict[str, int] = {}
        self.pieces: list[str] = []
        self.length = 0
        self.parser = parser()
        self.parser.XmlDeclHandler = self._declared
        self.parser.StartElementHandler = self._root
        self.parser.CharacterDataHandler = self._take

    def _declared(self, _: str, encoding: str | None, __: int) -> None:
        self.layout.encoding = (encoding or "utf-8").lower()

    def _root(self, name: str, _: dict[str, str]) -> None:
        prefix, colon, tag = name.rpartition(":")
        if tag != "worksheet":
            raise Refused
        prefix += colon
        self.layout.prefix = prefix
        self.names = {prefix + tag: tag for tag in ("c", "v", "f", "t", "rPh", "row", "dimension", "mergeCell")}
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = self.names.get(name)
        if tag == "c":  # the commonest first
            self._begin_cell(attributes)
        elif tag == "v" or (tag == "t" and self.kind == "inlineStr"):
            self.taking = not self.phonetic
        elif tag == "row":
            self._begin_row(attributes)
        elif tag == "f":
            self.formula = True
        elif tag == "rPh":
            self.phonetic = True
        elif tag == "mergeCell":
            found = area(attributes.get("ref", ""))
            if found:
                self.merged.append(found)
        elif tag == "dimension" and self.layout.dimension < 0:
            self.layout.dimension = self.parser.CurrentByteIndex
        elif tag is None and name.endswith(":sparkline"):
            self.parser.StartElementHandler, self.parser.EndElementHandler = self._in_sparkline, self._after_sparkline

    def _in_sparkline(self, name: str, _: dict[str, str]) -> None:
        self.taking = name.endswith(":sqref")
        self.length = 0
        self.pieces.clear()

    def _after_sparkline(self, name: str) -> None:
        """A little chart in a cell that may hold nothing else."""
        if self.taking and (found := area("".join(self.pieces))):
            self.sheet.width = max(self.sheet.width, found[3] + 1)
        self.taking = False
        if name.endswith(":sparkline"):
            self.parser.StartElementHandler, self.parser.EndElementHandler = self._start, self._end

    def _end(self, name: str) -> None:
        tag = self.names.get(name)
        if tag == "c":
            self._end_cell()
        elif tag == "v" or tag == "t":
            self.taking = False
        elif tag == "row":
            self.in_row = False
            self.layout.ends.append(self.parser.CurrentByteIndex)
            if self.cells:
                self.sheet.add(self.row, self.cells, hidden=self.hidden)
        elif tag == "rPh":
            self.phonetic = False

    def _take(self, text: str) -> None:
        if self.taking:
            self.length += len(text)
            if self.length > LONGEST_CELL:
                self.sheet.check_length(self.length, self.row, self.column)
            self.pieces.append(text)

    def _begin_row(self, attributes: dict[str, str]) -> None:
        number = attributes.get("r")
        row = self.row + 1 if number is None else _index(number) - 1
        if row <= self.row or self.in_row:
            raise Refused
        self.in_row = True
        if row >= MOST_ROWS:
            raise SheetError(f"{self.sheet.place} has more than {MOST_ROWS:,} rows: split it into several sheets.")
        self.row, self.column, self.cells = row, -1, []
        self.hidden = attributes.get("hidden", "0") in {"1", "true"}
        self.layout.rows[row] = len(self.layout.starts)
        self.layout.starts.append(self.parser.CurrentByteIndex)

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        if reference is None:
            column = self.column + 1
        else:
            letters = reference.rstrip("0123456789")
            known = self.columns.get(letters)
            column = self._named(letters) if known is None else known
        if column <= self.column or not self.in_row:
            raise Refused
        if column >= MOST_COLUMNS:
            raise SheetError(f"{self.sheet.place} has more than {MOST_COLUMNS:,} columns: keep those that are needed.")
        self.column = column
        self.kind = attributes.get("t", "n")
        self.style = attributes.get("s", "0")
        self.formula = False
        self.length = 0
        self.pieces.clear()

    def _named(self, letters: str) -> int:
        column = column_index(letters[:_LONGEST_LETTERS])
        if 0 <= column < MOST_COLUMNS:
            self.columns[letters] = column
        return column

    def _end_cell(self) -> None:
        stored = self.pieces[0] if len(self.pieces) == 1 else "".join(self.pieces)
        if not stored:
            if self.formula and self.kind != "str":
                self.sheet.miss(self.row, self.column)
            self.kind = "n"
            return
        text = self._shown(stored)
        self.kind = "n"
        if not text:
            return
        sheet = self.sheet
        if self.column >= sheet.width:
            sheet.width = self.column + 1
        if self.column < sheet.kept:
            short = self.column - len(self.cells)
            if short:
                self.cells.extend([""] * short)
            self.cells.append(text)

    def _shown(self, stored: str) -> str:
        match self.kind:
            case "s":
                return self._shared(stored)
            case "n":
                show = self.by_style.get(self.style) or self._format()
                return show(stored)
            case "str" | "inlineStr":
                return unescape(stored)
            case "b":
                return "FALSE" if stored.strip() in {"0", "false"} else "TRUE"
            case "d":
                day, _, clock = stored.partition("T")
                return day if clock.strip("0:.Z") == "" else f"{day} {clock[:5]}"
        return stored

    def _format(self) -> Callable[[str], str]:
        at = _index(self.style)
        if not 0 <= at < len(self.formats):
            return _PLAIN
        show = self.by_style[self.style] = self.formats[at]
        return show

    def _shared(self, stored: str) -> str:
        texts, at = self.book.texts, _index(stored)
        if not 0 <= at < len(texts):
            raise Refused
        text = texts[at]
        if text is None:
            self.sheet.check_length(LONGEST_CELL + 1, self.row, self.column)
            return ""
        return text


def _index(text: str) -> int:
    """-1 for what is no number that counts anything."""
    return int(text) if len(text) < _LONGEST_INDEX and text.isdecimal() else -1
