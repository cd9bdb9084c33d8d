"""Number formats of OpenDocument sheets, in the words of Excel's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors.sheets.excel.formats import GENERAL

_DATES = {"year": "yyyy", "month": "mm", "day": "dd", "hours": "hh", "minutes": "mm", "seconds": "ss"}
_MOST_DIGITS = 30


@dataclass
class Styles:
    """Gathers what the styles say; both of the document's parts that have any are read into it."""

    codes: dict[str, str] = field(default_factory=dict)
    """Each data style's format."""
    cells: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Each cell style's data style and the style it comes from."""
    hidden: set[str] = field(default_factory=set)
    """Styles of worksheets that are not shown."""
    _style: str = ""
    _data: str = ""
    _literal: bool = False

    def code(self, style: str) -> str:
        """The format of a cell with this style."""
        for _ in range(10):
            data, parent = self.cells.get(style, ("", ""))
            if data:
                return self.codes.get(data) or GENERAL
            style = parent
        return GENERAL

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """A tag begins."""
        prefix, _, tag = name.partition(":")
        if name == "style:style":
            self._style = attributes.get("style:name", "")
            if attributes.get("style:family") == "table-cell":
                parent = attributes.get("style:parent-style-name", "")
                self.cells[self._style] = attributes.get("style:data-style-name", ""), parent
        elif name == "style:table-properties" and attributes.get("table:display") == "false":
            self.hidden.add(self._style)
        elif prefix == "number" and tag.endswith("-style"):
            self._data = attributes.get("style:name", "")
            self.codes[self._data] = "[h]" if attributes.get("number:truncate-on-overflow") == "false" else ""
        elif name == "number:number":
            self._add(_number(attributes))
        elif prefix == "number" and tag in _DATES and not (tag == "hours" and self.codes.get(self._data) == "[h]"):
            self._add(_DATES[tag])
        elif name == "number:text":
            self._literal = True

    def end(self, name: str) -> None:
        """A tag ends."""
        if name == "number:text":
            self._literal = False
        elif name.startswith("number:") and name.endswith("-style"):
            self._data = ""

    def text(self, text: str) -> None:
        """What stands between tags."""
        if self._literal and text:
            self._add("%" if text.strip() == "%" else f'"{text.replace(chr(34), "")}"')

    def _add(self, code: str) -> None:
        if self._data:
            self.codes[self._data] += code


def _number(attributes: Mapping[str, str]) -> str:
    decimals = _count(attributes.get("number:decimal-places"))
    least = _count(attributes.get("number:min-decimal-places"))
    whole = _count(attributes.get("number:min-integer-digits"))
    if decimals is None:
        return "0" * whole if whole and whole > 1 else GENERAL
    fixed = decimals if least is None else min(least, decimals)
    return "0" * max(whole or 0, 1) + ("." + "0" * fixed + "#" * (decimals - fixed) if decimals else "")


def _count(text: str | None) -> int | None:
    return min(int(text), _MOST_DIGITS) if text and len(text) < 5 and text.isdecimal() else None
