"""How lists look on a terminal: tables as wide as the window, plain tab-separated lines into a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table


def show(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """Print rows under their headings; cells are text as it stands, never markup."""
    if not sys.stdout.isatty():
        print("\t".join(columns))
        for row in rows:
            print("\t".join(_one_line(cell) for cell in row))
        return
    table = Table(*columns, title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(_escape(_one_line(cell)) for cell in row))
    Console().print(table)


def _one_line(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)
