"""Whatever people do to the sheet at any moment, each status ends beside its key and the owner's cells stay theirs."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connectors.sheets import OUR_COLUMNS, RowResult, locate
from connectors.sheets.google import quota
from connectors.sheets.google.calling import Google
from connectors.sheets.google.credentials import open_account
from connectors.sheets.google.writing import write_google
from tests.examples import examples
from tests.google import faults
from tests.google.server import Clock, GoogleSheets, Quota
from tests.google.worksheet import Worksheet

KEYS = [f"K{number}" for number in range(8)]

DOINGS = st.sampled_from(["sort", "shuffle", "insert", "insert filled", "delete", "duplicate", "move", "edit", "hide"])
MOMENTS = st.sampled_from(["before the write", "after the write", "after a read"])
FAULTS = st.sampled_from([None, None, "quota", "cut", "cut_after", "broken", "broken_after"])


class Person:
    """Does one thing to the sheet, and knows what the owner's cells have to say afterwards."""

    def __init__(self, sheet: Worksheet, seed: int) -> None:
        self.sheet, self.random, self.new = sheet, random.Random(seed), 0

    def does(self, doing: str) -> None:
        rows = range(2, len(self.sheet.shown()) + 1)
        row = self.random.choice(rows) if rows else 2
        match doing:
            case "sort":
                self.sheet.sort(self.random.choice("AB"), descending=self.random.random() < 0.5)
            case "shuffle":
                self.sheet.shuffle(self.random.randrange(1000))
            case "insert":
                self.sheet.insert_rows(row)
            case "insert filled":
                self.new += 1
                self.sheet.insert_rows(row, values=[[f"N{self.new}", "New"]])
            case "delete" if rows:
                self.sheet.delete_rows(row)
            case "duplicate" if rows:
                self.sheet.duplicate_row(row)
            case "move" if len(rows) > 1:
                self.sheet.move_row(row, self.random.choice(rows))
            case "edit" if rows:
                self.sheet.put(f"B{row}", f"Edited {self.random.randrange(100)}")
            case "hide":
                self.sheet.hide_rows(row)


@pytest.fixture(scope="module")
def running() -> object:
    with GoogleSheets(Clock(), Quota(None, None)) as double:
        yield double


def result(row: int, key: str, status: str) -> RowResult:
    return RowResult(row, key, {"esign status": status, "esign problem": "", "esign id": f"abcdef:req_{key}"})


def records(sheet: Worksheet) -> list[dict[str, str]]:
    header, *rows = sheet.shown()
    none = dict.fromkeys(OUR_COLUMNS, "")  # a sheet in which none of the rows to fill is left gets no columns of ours
    return [none | dict(zip(header, row + [""] * len(header), strict=False)) for row in rows]


def owners(sheet: Worksheet) -> list[tuple[str, str]]:
    return sorted((row["key"], row["name"]) for row in records(sheet))


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(seed=2, interference=[("after a read", "delete", 0)], fault=None, sent=set(), now={"K0"})
@given(
    seed=st.integers(0, 10_000),
    interference=st.lists(st.tuples(MOMENTS, DOINGS, st.integers(0, 2)), max_size=4),
    fault=FAULTS,
    sent=st.sets(st.sampled_from(KEYS), max_size=8),
    now=st.sets(st.sampled_from(KEYS), min_size=1, max_size=8),
)
def test_every_status_ends_beside_its_key_and_the_owners_cells_stay(
    running: GoogleSheets,
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    interference: list[tuple[str, str, int]],
    fault: str | None,
    sent: set[str],
    now: set[str],
) -> None:
    double = running
    double.calm()
    double.calls.clear()
    book = double.book()
    sheet = book.add("People", [["key", "name"], *([key, f"Signer {key}"] for key in KEYS)], size=(60, 12))
    place = locate(f"https://docs.google.com/spreadsheets/d/{book.id}/edit")
    clock = double.clock
    assert isinstance(clock, Clock)
    ours = quota.Clock(now=clock, sleep=clock.advance)

    def connected() -> Google:
        return Google(place, open_account(KEY(double, tmp_path_factory), "The key", double.url, ours), ours)

    def key_of(cells: dict[str, str]) -> str | None:
        return cells.get("key") or None

    before = [result(at + 2, key, "sending") for at, key in enumerate(KEYS) if key in sent]
    write_google(place, before, key_of, connected())

    person = Person(sheet, seed)
    for moment, doing, skip in interference:
        hook = double.after if moment.startswith("after") else double.before
        calls = "get" if moment == "after a read" else "values.batchUpdate"
        hook(calls, lambda doing=doing: person.does(doing), skip=skip)
    if fault:
        double.fail(getattr(faults, fault)(), "write")
    results = [result(at + 2, key, "sent") for at, key in enumerate(KEYS) if key in now]
    missing = write_google(place, results, key_of, connected())
    double.calm()

    # What people did after the last look is not ours to have seen; one more time finds it.
    missing = write_google(place, results, key_of, connected())
    writes = len(double.made("write"))
    assert write_google(place, results, key_of, connected()) == missing
    assert len(double.made("write")) == writes, "a further time writes nothing"

    rows = records(sheet)
    there = {row["key"] for row in rows}
    assert {one.key for one in missing} == now - there
    for row in rows:
        assert not (row["key"] == "" or row["key"].startswith("N")) or not any(row[name] for name in OUR_COLUMNS)
    for key in there & set(KEYS):
        shown = [(row["esign status"], row["esign id"]) for row in rows if row["key"] == key]
        mark = f"abcdef:req_{key}"
        expected = ("sent", mark) if key in now else ("sending", mark) if key in sent else ("", "")
        assert expected in shown
        assert {status for status, _ in shown} <= {expected[0], "sending" if key in sent else "", ""}
        assert {mark for _, mark in shown} <= {expected[1], ""}
    assert {name for _, name in owners(sheet)} <= {f"Signer {key}" for key in KEYS} | {"New", ""} | {
        f"Edited {number}" for number in range(100)
    }
    ours_at = set(range(3, 11))
    assert all(cell.column in ours_at for call in double.made("write") for cell in call.written)


def KEY(double: GoogleSheets, folder: pytest.TempPathFactory) -> str:
    path: Path = folder.getbasetemp() / f"key-{double.url.rpartition(':')[2]}.json"
    return (path if path.exists() else double.service_account_file(path)).read_text()
