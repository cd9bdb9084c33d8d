"""Takes a CSV text apart so that it can be put together again character by character."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

DELIMITERS = ",;\t"
_HINT = re.compile(r"sep=([^\r\n])(\r\n|\r|\n)", re.IGNORECASE)
_QUOTED = re.compile(r'"(?:[^"]|"")*+"?')


@dataclass(slots=True)
class Record:
    """One row as it is written: each cell with its quotes, and the line ending that follows it."""

    cells: list[str]
    ending: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """How this file separates and quotes. `hint` is Excel's `sep=;` line, which no spreadsheet shows as a row."""

    delimiter: str
    hint: str = ""
    quote_all: bool = False

    def split(self, text: str) -> list[Record]:
        """All rows, the header included. `join` of what this returns is `text` again."""
        delimiter = re.escape(self.delimiter)
        cell = re.compile(rf'("(?:[^"]|"")*+(?:"[^{delimiter}\r\n]*)?|[^{delimiter}\r\n]*)({delimiter}|\r\n|\r|\n|\Z)')
        records, cells = [], []
        for match in cell.finditer(text, len(self.hint)):
            cells.append(match[1])
            if match[2] != self.delimiter:
                records.append(Record(cells, match[2]))
                cells = []
        if records and records[-1] == Record([""], ""):
            records.pop()  # what stands after the last line ending is not a row
        return records

    def join(self, records: Iterable[Record]) -> str:
        """The text these rows make."""
        return self.hint + "".join(self.delimiter.join(record.cells) + record.ending for record in records)

    def values(self, records: Iterable[Record]) -> Iterator[list[str]]:
        """What the cells mean, read by Python's own csv. Raises `csv.Error` where the quoting is broken."""
        lines = (self.delimiter.join(record.cells) + record.ending for record in records)
        return csv.reader(lines, delimiter=self.delimiter, strict=True)

    def quoted(self, text: str) -> str:
        """A cell of ours, quoted as the rest of the file is."""
        if self.quote_all or any(char in text for char in f'{self.delimiter}"\r\n'):
            return '"' + text.replace('"', '""') + '"'
        return text


def sniff(text: str, tab: bool = False) -> Dialect:
    """The dialect of a text: told by its `sep=` line, else the delimiter its header uses most. `tab`: a TSV file."""
    hint = _HINT.match(text)
    rest = text[hint.end() :] if hint else text
    header = re.split(r"[\r\n]", _QUOTED.sub('""', rest[:100_000]), maxsplit=1)[0]
    delimiter = hint[1] if hint else "\t" if tab else max(DELIMITERS, key=header.count)
    names = [name for name in header.split(delimiter) if name]
    return Dialect(
        delimiter=delimiter,
        hint=hint[0] if hint else "",
        quote_all=bool(names) and all(name.startswith('"') for name in names),
    )
