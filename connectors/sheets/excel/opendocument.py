"""Reads a worksheet of an OpenDocument sheet, as LibreOffice saves them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from xml.parsers.expat import XMLParserType

from connectors.sheets.errors import SheetError
from connectors.sheets.excel.formats import GENERAL, shown_by
from connectors.sheets.excel.names import MOST_ROWS
from connectors.sheets.excel.odstyles import Styles
from connectors.sheets.excel.package import Package
from connectors.sheets.excel.tabs import Tab, choose
from connectors.sheets.excel.worksheet import Worksheet
from connectors.sheets.excel.xmlevents import Refused, feed, parser
from connectors.sheets.grid import LONGEST_CELL

_PREFIXES = {"datastyle": "number"}
_TIME = re.compile(r"(-?)PT?(?:(\d{1,7})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:[.,]\d*)?S)?")
_MOST_COLUMNS = 16_384


def read_opendocument(package: Package) -> Worksheet:
    """The worksheet that the package's place names. Raises `SheetError`."""
    if "content.xml" not in package:
        what = " is an Excel workbook: name it .xlsx" if "[Content_Types].xml" in package else " is no workbook"
        raise SheetError(f"{package.file}{what}, whatever its name says, or save it as .ods.")
    if "META-INF/manifest.xml" in package and b"encryption-data" in b"".join(package.pieces("META-INF/manifest.xml")):
        raise SheetError(f"{package.file} is protected by a password: save it without one and give that file.")
    reader = _Reader(package)
    try:
        for part in ("styles.xml", "content.xml"):
            if part in package:
                feed(reader.parser(), package.pieces(part))
    except Refused:
        raise package.damaged() from None
    return reader.finish()


class _Reader:
    """Follows the document's tags. Rows and columns are counted from 0."""

    def __init__(self, package: Package) -> None:
        self.place = package.place
        self.styles = Styles()
        self.sheet = Worksheet(package.place)
        self.tabs: list[Tab] = []
        self.filled: set[str] = set()
        self.names: dict[str, str] = {}
        self.inside = self.found = self.chosen = self.covered = False
        self.depth = 0
        """How deep we are in what is no text of the cell: a note, a drawing."""
        self.merged: list[tuple[int, int, int, int]] = []
        self.defaults: list[tuple[int, str]] = []
        self.row = self.column = 0
        self.times = 1
        self.cells: list[str] = []
        self.hidden = False
        self.cell: Mapping[str, str] | None = None
        self.paragraphs = 0
        self.taking = 0
        self.pieces: list[str] = []
        self.length = 0

    def parser(self) -> XMLParserType:
        """A new parser for one of the document's parts."""
        made = parser(namespaces=True)
        made.StartElementHandler, made.EndElementHandler = self._start, self._end
        made.CharacterDataHandler = self._text
        return made

    def finish(self) -> Worksheet:
        """The worksheet, once everything was read."""
        self.sheet.notes = choose(self.tabs, self.place, lambda tab: tab.part not in self.filled)[1]
        self.sheet.done(self.merged)
        return self.sheet

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = self._name(name)
        if self.depth or tag in _APART:
            self.depth += 1
        elif tag in _STARTS:
            _STARTS[tag](self, {self._name(key): value for key, value in attributes.items()})
        elif not self.inside:
            self.styles.start(tag, {self._name(key): value for key, value in attributes.items()})

    def _end(self, name: str) -> None:
        if self.depth:
            self.depth -= 1
            return
        tag = self._name(name)
        if tag in _ENDS:
            _ENDS[tag](self)
        elif not self.inside:
            self.styles.end(tag)

    def _text(self, text: str) -> None:
        if not self.inside:
            self.styles.text(text)
        elif self.taking and not self.depth:
            self._add(text)

    def _name(self, name: str) -> str:
        """A tag's name with the usual prefix of its namespace."""
        known = self.names.get(name)
        if known is None:
            space, _, tag = name.rpartition(" ")
            prefix = space.split(":")[-2] if space.startswith("urn:oasis:names:tc:opendocument:") else space
            known = self.names[name] = f"{_PREFIXES.get(prefix, prefix)}:{tag}"
        return known

    def _add(self, text: str) -> None:
        self.length += len(text)
        if self.length > LONGEST_CELL and self.chosen:
            self.sheet.check_length(self.length, self.row, self.column)
        if self.length <= LONGEST_CELL:
            self.pieces.append(text)

    def _begin_table(self, attributes: Mapping[str, str]) -> None:
        if self.inside:
            raise Refused
        name = attributes.get("table:name", "")
        visible = attributes.get("table:style-name", "") not in self.styles.hidden
        wanted = name == self.place.worksheet if self.place.worksheet is not None else visible
        self.chosen = wanted and not self.found
        self.found = self.found or self.chosen
        self.tabs.append(Tab(name, str(len(self.tabs)), visible))
        self.inside = True
        self.row, self.defaults = 0, []

    def _end_table(self) -> None:
        self.inside = self.chosen = False

    def _column(self, attributes: Mapping[str, str]) -> None:
        before = self.defaults[-1][0] if self.defaults else 0
        style = attributes.get("table:default-cell-style-name", "")
        self.defaults.append((before + _times(attributes, "table:number-columns-repeated"), style))

    def _begin_row(self, attributes: Mapping[str, str]) -> None:
        self.times = _times(attributes, "table:number-rows-repeated")
        self.hidden = attributes.get("table:visibility", "visible") != "visible"
        self.column, self.cells = 0, []

    def _end_row(self) -> None:
        if self.cells:
            self.filled.add(self.tabs[-1].part)
            if self.chosen:
                self.sheet.add(self.row, self.cells, self.times, hidden=self.hidden)
        self.row += self.times

    def _begin_cell(self, attributes: Mapping[str, str]) -> None:
        self.cell = attributes
        self.covered = False
        self.paragraphs = self.taking = self.length = 0
        self.pieces.clear()

    def _begin_covered(self, attributes: Mapping[str, str]) -> None:
        self._begin_cell(attributes)
        self.covered = True

    def _end_cell(self) -> None:
        cell, self.cell = self.cell or {}, None
        times = _times(cell, "table:number-columns-repeated")
        if self.chosen and not self.covered:
            self._look_at(cell)
        text = "" if self.covered else self._shown(cell)
        if text:
            last = self.column + times
            if last > _MOST_COLUMNS:
                raise SheetError(f"{self.place} has more than {_MOST_COLUMNS:,} columns: keep those that are needed.")
            if self.chosen:
                self.sheet.width = max(self.sheet.width, last)
            self.cells.extend([""] * (min(self.column, self.sheet.kept) - len(self.cells)))
            self.cells.extend([text] * (min(last, self.sheet.kept) - len(self.cells)))
        self.column += times

    def _look_at(self, cell: Mapping[str, str]) -> None:
        """What else a cell may be: merged with others, or a formula."""
        right = _times(cell, "table:number-columns-spanned") - 1
        down = _times(cell, "table:number-rows-spanned") - 1
        if (right or down) and (self.sheet.header < 0 or self.row == self.sheet.header):
            self.merged.append((self.row, self.row + down, self.column, self.column + right))
        formula = cell.get("table:formula")
        if formula is None:
            return
        if "'file:" in formula:
            self._from_elsewhere({})
        if not cell.get("office:value-type") and not self.paragraphs:
            self.sheet.miss(self.row, self.column)

    def _from_elsewhere(self, _: Mapping[str, str]) -> None:
        raise SheetError(f"{self.place.path} takes values from other files: paste them in as values.")

    def _shown(self, cell: Mapping[str, str]) -> str:
        text = "".join(self.pieces)
        match cell.get("office:value-type"):
            case "float" | "currency" | "percentage":
                return self._format(cell)[1](cell.get("office:value", text))
            case "date":
                return _date(cell.get("office:date-value", text), self._format(cell)[0])
            case "time":
                return _time(cell.get("office:time-value", text), self._format(cell)[0])
            case "boolean":
                return "TRUE" if cell.get("office:boolean-value") == "true" else "FALSE"
        return text or cell.get("office:string-value", "")

    def _format(self, cell: Mapping[str, str]) -> tuple[str, Callable[[str], str]]:
        style = cell.get("table:style-name")
        if style is None:
            style = next((name for before, name in self.defaults if self.column < before), "")
        code = self.styles.code(style)
        if code == GENERAL and cell.get("office:value-type") == "percentage":
            code = "0.##%"
        return code, shown_by(code)

    def _begin_paragraph(self, _: Mapping[str, str]) -> None:
        if self.cell is not None:
            if self.paragraphs:
                self._add("\n")
            self.paragraphs += 1
            self.taking += 1

    def _end_paragraph(self) -> None:
        self.taking = max(self.taking - 1, 0)

    def _blanks(self, attributes: Mapping[str, str]) -> None:
        if self.taking:
            self._add(" " * _times(attributes, "text:c", LONGEST_CELL + 1))

    def _tab(self, _: Mapping[str, str]) -> None:
        if self.taking:
            self._add("\t")

    def _break(self, _: Mapping[str, str]) -> None:
        if self.taking:
            self._add("\n")


_APART = {"office:annotation", "table:shapes", "table:tracked-changes", "draw:frame", "table:detective"}
_STARTS: Mapping[str, Callable[[_Reader, Mapping[str, str]], None]] = {
    "table:table": _Reader._begin_table,
    "table:table-source": _Reader._from_elsewhere,
    "table:table-column": _Reader._column,
    "table:table-row": _Reader._begin_row,
    "table:table-cell": _Reader._begin_cell,
    "table:covered-table-cell": _Reader._begin_covered,
    "text:p": _Reader._begin_paragraph,
    "text:s": _Reader._blanks,
    "text:tab": _Reader._tab,
    "text:line-break": _Reader._break,
}
_ENDS: Mapping[str, Callable[[_Reader], None]] = {
    "table:table": _Reader._end_table,
    "table:table-row": _Reader._end_row,
    "table:table-cell": _Reader._end_cell,
    "table:covered-table-cell": _Reader._end_cell,
    "text:p": _Reader._end_paragraph,
}


def _times(attributes: Mapping[str, str], name: str, most: int = MOST_ROWS) -> int:
    """How often something is repeated; the document says it as it likes, we count no further than a sheet goes."""
    text = attributes.get(name, "1")
    return min(max(int(text), 1), most) if len(text) < 10 and text.isdecimal() else 1


def _date(value: str, code: str) -> str:
    day, _, clock = value.partition("T")
    if not clock or (code != GENERAL and "h" not in code) or (code == GENERAL and not clock.strip("0:.Z")):
        return day
    return f"{day} {clock[:8] if 's' in code else clock[:5]}"


def _time(value: str, code: str) -> str:
    found = _TIME.fullmatch(value)
    if found is None:
        return value
    sign, *parts = found.groups()
    hours, minutes, seconds = (int(part or 0) for part in parts)
    shown = f"{sign}{hours:02d}:{minutes:02d}"
    return f"{shown}:{seconds:02d}" if "s" in code else shown
