"""Takes a CSV text apart so that it can be put together again character by character."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

DELIMITERS = ",;\t|"
_TOGETHER = 1000
_HINT = re.compile(r"sep=([^\r\n])(\r\n|\r|\n)", re.IGNORECASE)
_QUOTED = re.compile(r'"(?:[^"]|"")*+"?')
_BARE_ROW = re.compile(r"[^\r\n]*+(?:\r\n|\r|\n)|[^\r\n]++")


@dataclass(slots=True)
class Record:
    """One row as it is written: each cell with its quotes, and the line ending that follows it."""

    cells: list[str]
    ending: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """How this file separates and quotes. `hint` is Excel's `sep=;` line, which no spreadsheet shows as a row.

    A row is kept as the text it is, and taken apart where somebody looks: of a long sheet most rows are only passed on.
    """

    delimiter: str
    hint: str = ""
    quote_all: bool = False

    def rows(self, text: str) -> list[str]:
        """All rows with their line endings, the header included. `join` of what this returns is `text` again."""
        if '"' not in text:
            return _BARE_ROW.findall(text, len(self.hint))
        rows = _patterns(self.delimiter)[1].findall(text, len(self.hint))
        if rows and not rows[-1]:
            rows.pop()  # what stands after the last line ending is not a row
        return rows

    def join(self, rows: Sequence[str]) -> Iterator[str]:
        """The text these rows make, some at a time."""
        yield self.hint
        for start in range(0, len(rows), _TOGETHER):
            yield "".join(rows[start : start + _TOGETHER])

    def record(self, row: str) -> Record:
        """One row's cells as they are written."""
        bare = row.rstrip("\r\n")
        if '"' not in row:
            return Record(bare.split(self.delimiter), row[len(bare) :])
        found = _patterns(self.delimiter)[0].findall(row)
        cells, ends = [cell for cell, _ in found], [end for _, end in found]
        last = next(place for place, end in enumerate(ends) if end != self.delimiter)
        return Record(cells[: last + 1], ends[last])

    def put_together(self, record: Record) -> str:
        """The row as it is written; the other way round."""
        return self.delimiter.join(record.cells) + record.ending

    def values(self, row: str) -> list[str]:
        """What one row's cells mean, as Python's own csv reads them. Raises `csv.Error` where the quoting is broken."""
        if '"' in row:
            return next(csv.reader((row,), delimiter=self.delimiter, strict=True))
        bare = row.rstrip("\r\n")
        return bare.split(self.delimiter) if bare else []

    def quoted(self, text: str) -> str:
        """A cell of ours, quoted as the rest of the file is."""
        if self.quote_all or any(char in text for char in (self.delimiter, '"', "\r", "\n")):
            return '"' + text.replace('"', '""') + '"'
        return text


@lru_cache(maxsize=16)
def _patterns(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A cell with what follows it, and a whole row."""
    other = rf"[^{re.escape(delimiter)}\r\n]*+"
    cell = rf'(?>"[^"]*+(?:""[^"]*+)*+(?:"{other})?+|{other})'
    end = r"(?:\r\n|\r|\n|\Z)"
    between = re.escape(delimiter)
    return re.compile(rf"({cell})({between}|{end})"), re.compile(rf"(?:{cell}{between})*+{cell}{end}")


def sniff(text: str, tab: bool = False) -> Dialect:
    """The dialect of a text: told by its `sep=` line, else the delimiter its header uses most. `tab`: a TSV file."""
    hint = _HINT.match(text)
    rest = (text[hint.end() :] if hint else text)[:200_000].lstrip(" \r\n")
    header = re.split(r"[\r\n]", _QUOTED.sub('""', rest), maxsplit=1)[0]
    delimiter = hint[1] if hint else "\t" if tab else max(DELIMITERS, key=header.count)
    names = [name for name in header.split(delimiter) if name]
    return Dialect(
        delimiter=delimiter,
        hint=hint[0] if hint else "",
        quote_all=bool(names) and all(name.startswith('"') for name in names),
    )
