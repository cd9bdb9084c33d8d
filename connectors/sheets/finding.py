"""Finds the rows again that results belong to, after people have sorted, inserted and deleted rows meanwhile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from connectors.sheets.model import ID_COLUMN, RowResult

KeyOf = Callable[[dict[str, str]], str | None]


def find(
    rows: Mapping[int, dict[str, str]], results: Sequence[RowResult], key_of: KeyOf
) -> tuple[dict[int, RowResult], list[RowResult]]:
    """Which row number each result belongs to, and the results whose row is gone.

    A row is known by its `esign id`, else by its key, and no row takes two results. The number alone says nothing;
    it only chooses between rows that are equally good, and finds a row that has no key and still has none. A
    result without an id (a refused row) never lands on a row that carries one, unless it is the very row it was
    made for; and no result lands on a row that another ledger has marked (a mark starts with its ledger, up to the
    colon).
    """
    by_mark: dict[str, list[int]] = defaultdict(list)
    by_key: dict[str | None, list[int]] = defaultdict(list)
    keys = {number: key_of(cells) for number, cells in rows.items()}
    for number, cells in rows.items():
        if mark := _mark(cells):
            by_mark[mark].append(number)
        by_key[keys[number]].append(number)

    placed: dict[int, RowResult] = {}
    unplaced: list[RowResult] = []
    for result in results:
        marked = by_mark.get(_mark(result.values), [])
        # A copied row carries the mark as well: the key tells the original from the copy.
        _place(result, [(keys[number] != result.key, number) for number in marked], placed, unplaced)
    missing: list[RowResult] = []
    for result in unplaced:
        # Looking at its own place first spares looking through thousands of equal rows.
        home = None if result.row in placed else rows.get(result.row)
        at_home = home is not None and keys[result.row] == result.key and not _mark(home)
        numbers = [result.row] if at_home or result.key is None else by_key.get(result.key, [])
        fitting = [n for n in numbers if n in rows and keys[n] == result.key and _may_take(result, n, rows[n])]
        _place(result, [(bool(_mark(rows[number])), number) for number in fitting], placed, missing)
    return placed, missing


def _place(
    result: RowResult,
    candidates: Sequence[tuple[bool, int]],
    placed: dict[int, RowResult],
    left: list[RowResult],
) -> None:
    """Gives the result the best free row; each candidate says whether it is second best, and its number."""
    free = [(second, number != result.row, number) for second, number in candidates if number not in placed]
    if free:
        placed[min(free)[2]] = result
    else:
        left.append(result)


def _may_take(result: RowResult, number: int, cells: Mapping[str, str]) -> bool:
    there, ours = _mark(cells), _mark(result.values)
    if not there:
        return True
    return there.partition(":")[0] == ours.partition(":")[0] if ours else number == result.row


def _mark(cells: Mapping[str, str]) -> str:
    return cells.get(ID_COLUMN, "").strip()
