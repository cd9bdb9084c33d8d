"""Whatever people do to the rows between two write-backs, every status stands beside its key."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sheets import OUR_COLUMNS, read
from tests.examples import examples
from tests.sheets.excel.building import result, simple, write

KEYS = [f"k{at}" for at in range(8)]


def cells_of(path: Path) -> dict[str, tuple[str, ...]]:
    """The owner's cells of each row, by its key."""
    return {
        row.cells["key"]: tuple(text for name, text in row.cells.items() if name not in OUR_COLUMNS)
        for row in read(path).rows
    }


@settings(max_examples=examples(30), deadline=None)
@given(
    first=st.lists(st.sampled_from(KEYS), unique=True, min_size=1),
    then=st.permutations(KEYS).flatmap(lambda keys: st.integers(1, 8).map(lambda count: keys[:count])),
    inserted=st.lists(st.integers(1, 9), max_size=3),
    changed=st.lists(st.sampled_from(KEYS), unique=True),
    marked=st.booleans(),
    mode=st.sampled_from(["in-place", "beside"]),
)
def test_every_status_stays_with_its_key_and_nobody_elses_cells_change(
    first: list[str], then: list[str], inserted: list[int], changed: list[str], marked: bool, mode: str
) -> None:
    before = os.environ.get("ESIGN_EXCEL")
    os.environ["ESIGN_EXCEL"] = mode
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "people.xlsx")
            _check(path, first, then, inserted, changed, marked, mode)
    finally:
        os.environ.pop("ESIGN_EXCEL")
        if before is not None:
            os.environ["ESIGN_EXCEL"] = before


def _check(
    path: Path, first: list[str], then: list[str], inserted: list[int], changed: list[str], marked: bool, mode: str
) -> None:
    simple(path, ("key", "name"), *((key, f"name of {key}") for key in first))

    def results(keys: list[str], word: str):  # type: ignore[no-untyped-def]
        marks = [f"aaaaaa:req_{key}" if marked else "" for key in keys]
        rows = [first.index(key) + 2 if key in first else 99 for key in keys]
        return [result(row, key, status=f"{word} {key}", id=m) for row, key, m in zip(rows, keys, marks, strict=True)]

    assert write(path, *results(first, "sent")) == []
    rearranged(path, then, inserted)
    owners = cells_of(path)
    wanted = {key: f"sent {key}" if key in first else "" for key in then}
    gone = write(path, *results(changed, "signed"))
    wanted |= {key: f"signed {key}" for key in changed if key in then}
    assert sorted(missing.key or "" for missing in gone) == sorted(set(changed) - set(then))
    shown = path if mode == "in-place" else path.with_name("people.status.xlsx")
    if not shown.exists() or (mode == "beside" and not any(wanted.values())):
        return
    assert {row.cells["key"]: row.cells["esign status"] for row in read(shown).rows} == wanted
    assert cells_of(shown) == owners
    assert cells_of(path) == owners


def rearranged(path: Path, keys: list[str], inserted: list[int]) -> None:
    """The rows of these keys in this order, whole, as when sorted; others deleted, new ones typed in, blank ones put
    between."""
    book = openpyxl.load_workbook(path)
    sheet = book.active
    rows = {values[0]: values for values in sheet.iter_rows(min_row=2, values_only=True)}
    sheet.delete_rows(2, sheet.max_row)
    for at, key in enumerate(keys, start=2):
        for column, value in enumerate(rows.get(key, (key, f"name of {key}")), start=1):
            sheet.cell(at, column, value)
    for at in inserted:
        sheet.insert_rows(at + 1)
    book.save(path)
