"""Finds the rows again that results belong to, after people have sorted, inserted and deleted rows meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.sheets.model import ID_COLUMN, RowResult
from connectors.sheets.rows import Rows


def find(rows: Rows, results: Sequence[RowResult]) -> tuple[dict[int, RowResult], list[RowResult]]:
    """Which row number each result belongs to, and the results whose row is gone.

    A row is known by its `esign id`, else by its key, and no row takes two results. The number alone says nothing;
    it only chooses between rows that are equally good, and finds a row that has no key and still has none. A
    result without an id (a refused row) never lands on a row that carries one, unless it is the very row it was
    made for; and no result lands on a row that another ledger has marked (a mark starts with its ledger, up to the
    colon).
    """
    by_mark = _rows_by_mark(rows, results)
    placed: dict[int, RowResult] = {}
    unplaced: list[RowResult] = []
    for result in results:
        marked = by_mark.get(_mark(result.values), ())
        if len(marked) == 1 and marked[0] not in placed:
            placed[marked[0]] = result
        else:  # a copied row carries the mark as well: the key tells the original from the copy
            _place(result, [(rows.key(number) != result.key, number) for number in marked], placed, unplaced)
    missing: list[RowResult] = []
    for result in unplaced:
        # Looking at its own place first spares looking through all the others.
        home = result.row in rows and result.row not in placed
        at_home = home and rows.key(result.row) == result.key and not rows.mark(result.row)
        numbers = [result.row] if at_home or result.key is None else rows.by_key.get(result.key, [])
        fitting = [n for n in numbers if n in rows and rows.key(n) == result.key and _may_take(result, n, rows.mark(n))]
        _place(result, [(bool(rows.mark(number)), number) for number in fitting], placed, missing)
    return placed, missing


def _rows_by_mark(rows: Rows, results: Sequence[RowResult]) -> dict[str, tuple[int, ...]]:
    """Which rows carry the marks of these results."""
    found: dict[str, tuple[int, ...]] = {mark: () for result in results if (mark := _mark(result.values))}
    for number, mark in rows.marks():
        if mark in found:
            found[mark] += (number,)
    return found


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


def _may_take(result: RowResult, number: int, there: str) -> bool:
    ours = _mark(result.values)
    if not there:
        return True
    return there.partition(":")[0] == ours.partition(":")[0] if ours else number == result.row


def _mark(values: Mapping[str, str]) -> str:
    return values.get(ID_COLUMN, "").strip()
