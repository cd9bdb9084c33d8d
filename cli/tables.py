"""How lists look on a terminal: tables as wide as the window, plain tab-separated lines into a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

FITTED = 1000
"""Rows whose columns are fitted together; a longer list goes on in a table of its own, so that none is held whole."""


def show(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """Print rows under their headings; cells are text as it stands, never markup."""
    with Lines(columns, title=title) as lines:
        for row in rows:
            lines.add(row)


class Lines:
    """The same row by row, for rows that come one after the other: `with Lines(columns) as lines: lines.add(row)`."""

    def __init__(self, columns: Sequence[str], *, title: str | None = None) -> None:
        self._columns = columns
        self._title = title
        self._kept: list[list[str]] = []
        self._begun = False

    def __enter__(self) -> Self:
        if not sys.stdout.isatty():
            print("\t".join(self._columns))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if sys.stdout.isatty() and (self._kept or not self._begun):
            self._print()

    def add(self, row: Sequence[object]) -> None:
        """Print one row, or keep it until a screenful is together."""
        cells = [one_line(cell) for cell in row]
        if not sys.stdout.isatty():
            print("\t".join(cells))
            return
        self._kept.append(cells)
        if len(self._kept) == FITTED:
            self._print()

    def _print(self) -> None:
        from rich import box
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        table = Table(*self._columns, title=self._title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        for row in self._kept:
            table.add_row(*(escape(cell) for cell in row))
        Console().print(table)
        self._kept, self._title, self._begun = [], None, True


def one_line(cell: object) -> str:
    """A cell on one line, without what a terminal would take for a command."""
    return " ".join(printable("" if cell is None else str(cell)).split())


def printable(text: str) -> str:
    """The text as it stands, but for what a terminal would take for a command or show in another order."""
    return text if text.isprintable() else "".join(one if one.isprintable() else " " for one in text)
