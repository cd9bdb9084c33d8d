"""What an Excel workbook says about itself: its worksheets, its number formats, its texts."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

from connectors.sheets.errors import SheetError
from connectors.sheets.excel.escapes import unescape
from connectors.sheets.excel.formats import BUILT_IN, GENERAL, shown_by
from connectors.sheets.excel.package import Package
from connectors.sheets.excel.tabs import Tab
from connectors.sheets.excel.xmlevents import Refused, feed, local, parser
from connectors.sheets.grid import LONGEST_CELL

_CONTENT = re.compile(rb"<(?:[\w.-]+:)?(?:v|is)[\s>]")
_LOOKED_THROUGH = 64
"""Pieces of another worksheet that are searched for any content."""
Tags = list[tuple[str, dict[str, str]]]


@dataclass(frozen=True)
class Workbook:
    """An Excel workbook's parts, found by their relations and never by their usual names."""

    package: Package

    def __post_init__(self) -> None:
        """Raises `SheetError` for what is no workbook, and for one that takes values from other files."""
        if "[Content_Types].xml" not in self.package:
            what = " is an OpenDocument sheet: name it .ods" if "content.xml" in self.package else " is no workbook"
            raise SheetError(f"{self.package.file}{what}, whatever its name says, or save it as .xlsx.")
        if self._main.lower().endswith(".bin"):
            raise SheetError(f"{self.package.file} is a binary workbook (.xlsb): save it as .xlsx and give that file.")
        if any("/externallinks/" in f"/{name.lower()}" for name in self.package.names):
            raise SheetError(f"{self.package.file} takes values from other files: paste them in as values.")

    @cached_property
    def tabs(self) -> list[Tab]:
        """All worksheets; charts and dialogs that have a tab of their own are none."""
        found = [attributes for name, attributes in self._tags(self._main) if name == "sheet"]
        tabs = []
        for sheet in found:
            relation = next((value for name, value in sheet.items() if local(name) == "id" and ":" in name), "")
            kind, part = self._relations.get(relation, ("", ""))
            if kind == "worksheet":
                tabs.append(Tab(sheet.get("name", ""), part, sheet.get("state", "visible") == "visible"))
        return tabs

    def is_blank(self, tab: Tab) -> bool:
        """Whether nothing stands in this worksheet."""
        rest = b""
        for count, piece in enumerate(self.package.pieces(tab.part)):
            if count >= _LOOKED_THROUGH or _CONTENT.search(rest + piece):
                return False
            rest = piece[-100:]
        return True

    @cached_property
    def formats(self) -> list[Callable[[str], str]]:
        """What shows a number, by a cell's style."""
        part = self._related("styles")
        codes: dict[int, str] = dict(BUILT_IN)
        styles: list[int] = []
        inside = False
        for name, attributes in self._tags(part) if part else ():
            if name == "numFmt":
                codes[_number(attributes.get("numFmtId"))] = attributes.get("formatCode", GENERAL)
            elif name in {"cellXfs", "cellStyles", "dxfs", "cellStyleXfs"}:
                inside = name == "cellXfs"
            elif name == "xf" and inside:
                styles.append(_number(attributes.get("numFmtId")))
        return [shown_by(codes.get(number, GENERAL), self.epoch_1904) for number in styles]

    @cached_property
    def epoch_1904(self) -> bool:
        """Whether days are counted from 1904, as on the first Macs."""
        return any(
            attributes.get("date1904", "0") in {"1", "true"}
            for name, attributes in self._tags(self._main)
            if name == "workbookPr"
        )

    @cached_property
    def texts(self) -> list[str | None]:
        """The texts that cells refer to by number; None for one that is longer than a cell can be."""
        part = self._related("sharedStrings")
        return self._shared(part) if part else []

    def _shared(self, part: str) -> list[str | None]:
        texts: list[str | None] = []
        pieces: list[str] = []
        state = {"taking": False, "phonetic": False, "length": 0}

        def start(name: str, _: object) -> None:
            match local(name):
                case "si":
                    pieces.clear()
                    state["length"] = 0
                case "t":
                    state["taking"] = not state["phonetic"]
                case "rPh":
                    state["phonetic"] = True

        def end(name: str) -> None:
            match local(name):
                case "si":
                    texts.append(unescape("".join(pieces)) if state["length"] <= LONGEST_CELL else None)
                case "t":
                    state["taking"] = False
                case "rPh":
                    state["phonetic"] = False

        def take(text: str) -> None:
            if state["taking"]:
                state["length"] += len(text)
                if state["length"] <= LONGEST_CELL:
                    pieces.append(text)

        made = parser()
        made.StartElementHandler, made.EndElementHandler, made.CharacterDataHandler = start, end, take
        try:
            feed(made, self.package.pieces(part))
        except Refused:
            raise self.package.damaged() from None
        return texts

    @cached_property
    def _main(self) -> str:
        for kind, target in self._relations_of("").values():
            if kind == "officeDocument":
                return target
        raise self.package.damaged()

    @cached_property
    def _relations(self) -> dict[str, tuple[str, str]]:
        return self._relations_of(self._main)

    def _related(self, kind: str) -> str | None:
        return next((part for found, part in self._relations.values() if found == kind), None)

    def _relations_of(self, part: str) -> dict[str, tuple[str, str]]:
        """Each relation's kind and target, by its id. `part` is empty for the package itself."""
        folder, name = posixpath.split(part)
        relations = {}
        for tag, found in self._tags(posixpath.join(folder, "_rels", f"{name}.rels")):
            if tag == "Relationship" and found.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, unquote(found.get("Target", ""))))
                kind = found.get("Type", "").rpartition("/")[2]
                relations[found.get("Id", "")] = (kind, target.lstrip("/"))
        return relations

    def _tags(self, part: str) -> Tags:
        """A part's tags, one after the other."""
        tags: Tags = []
        made = parser()
        made.StartElementHandler = lambda name, attributes: tags.append((local(name), attributes))
        try:
            feed(made, self.package.pieces(part))
        except Refused:
            raise self.package.damaged() from None
        return tags


def _number(text: str | None) -> int:
    return int(text) if text and len(text) < 10 and text.isdecimal() else 0
