"""Results come back into a Google spreadsheet, each beside its key, whatever somebody does to the sheet meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.sheets import OUR_COLUMNS, Place, RowResult, SheetError, read, write_back
from connectors.sheets.google import portions, writing
from connectors.sheets.google.calling import Google
from connectors.sheets.google.writing import write_google
from tests.google import faults
from tests.google.book import Book
from tests.google.server import Clock, GoogleSheets
from tests.google.worksheet import Worksheet

pytestmark = pytest.mark.usefixtures("key_file")

PEOPLE = [["key", "name"], ["A", "Signer One"], ["B", "Signer Two"], ["C", "Signer Three"], ["D", "Signer Four"]]


def key_of(cells: dict[str, str]) -> str | None:
    return cells.get("key") or None


def result(row: int, key: str | None, **values: str) -> RowResult:
    return RowResult(row, key, {f"esign {name.replace('_', ' ')}": value for name, value in values.items()})


def sent(row: int, key: str) -> RowResult:
    return result(row, key, status="sent", sent="2026-12-31 14:30", problem="", id=f"abcdef:req_{key}")


ALL = [sent(2, "A"), sent(3, "B"), sent(4, "C"), sent(5, "D")]


@pytest.fixture
def sheet(book: Book) -> Worksheet:
    return book.add("People", PEOPLE)


def statuses(sheet: Worksheet) -> dict[str, tuple[str, str]]:
    """What stands beside each key, of the rows that have one."""
    return {
        key: (row.get("esign status", ""), row.get("esign id", "")) for key, row in sheet.records("key").items() if key
    }


def right(*keys: str) -> dict[str, tuple[str, str]]:
    return {key: ("sent", f"abcdef:req_{key}") for key in keys}


def written(double: GoogleSheets) -> list[Any]:
    return [cell for call in double.made("write") for cell in call.written]


def test_our_columns_are_added_at_the_right_and_filled_in(double: GoogleSheets, sheet: Worksheet, place: Place) -> None:
    assert write_back(place, ALL, key_of) == []
    assert sheet.shown()[0] == ["key", "name", *OUR_COLUMNS]
    assert statuses(sheet) == right("A", "B", "C", "D")
    assert [row[:2] for row in sheet.shown()] == PEOPLE
    assert double.counts()["values.batchUpdate"] == 1 and {call.input_option for call in double.made("write")} == {
        "RAW"
    }
    assert {cell.column for cell in written(double)} <= set(range(3, 11))


def test_a_second_time_writes_nothing(double: GoogleSheets, sheet: Worksheet, place: Place) -> None:
    write_back(place, ALL, key_of)
    before = len(double.made("write"))
    assert write_back(place, ALL, key_of) == []
    assert len(double.made("write")) == before


def test_only_the_cells_that_say_something_else_are_written(
    double: GoogleSheets, sheet: Worksheet, place: Place
) -> None:
    write_back(place, ALL, key_of)
    before = len(written(double))
    write_back(place, [result(4, "C", status="completed", id="abcdef:req_C"), *ALL[:2]], key_of)
    assert [cell.cell for cell in written(double)[before:]] == ["C4"]


def test_rows_that_are_gone_are_returned(sheet: Worksheet, place: Place) -> None:
    gone = sent(9, "X")
    assert write_back(place, [*ALL, gone], key_of) == [gone]
    assert write_back(place, [gone], key_of) == [gone]


def test_the_grid_is_made_wider_where_it_ends(book: Book, place: Place) -> None:
    sheet = book.add("People", PEOPLE, size=(5, 2))
    write_back(place, ALL, key_of)
    assert sheet.column_count == 10 and statuses(sheet) == right("A", "B", "C", "D")


def test_our_columns_may_stand_anywhere_and_owners_cells_between_them_stay(
    double: GoogleSheets, book: Book, place: Place
) -> None:
    sheet = book.add("People", [["esign id", "key", "esign status", "name"], ["", "A", "", "x"], ["", "B", "", "y"]])
    write_back(place, [sent(2, "A"), sent(3, "B")], key_of)
    assert statuses(sheet) == right("A", "B")
    assert {cell.column for cell in written(double)} == {1, 3, 5, 6, 7, 8, 9, 10}


def test_no_cell_can_be_a_formula_and_everything_comes_back_as_written(sheet: Worksheet, place: Place) -> None:
    odd = ["=1+1", "+49 30", "'quoted", "00042", "31.12.2026", "a\x01b", "TRUE", "two\nlines", "ü" * 60_000]
    for text in odd:
        write_back(place, [result(2, "A", problem=text, id="abcdef:req_A")], key_of)
        cell = sheet.cell("H2")
        assert set(cell.entered) == {"stringValue"}
        shown = read(place).rows[0].cells["esign problem"]
        assert not shown.startswith(("=", "+")) and len(shown) <= 50_000


def test_hidden_rows_are_filled_in_too(sheet: Worksheet, place: Place) -> None:
    sheet.hide_rows(3)
    write_back(place, ALL, key_of)
    assert statuses(sheet) == right("A", "B", "C", "D")


@pytest.mark.slow  # for the double, not for us
def test_ten_thousand_rows_take_few_calls_of_limited_size(
    double: GoogleSheets, book: Book, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portions, "LARGEST", 500_000)
    number = 10_000
    rows = [["key", "name"], *([f"K{at}", "Söhne"] for at in range(number))]
    sheet = book.add("People", rows, size=(number + 1, 10))
    results = [sent(at + 2, f"K{at}") for at in range(number)]
    assert write_back(place, results, key_of) == []
    assert statuses(sheet) == right(*(f"K{at}" for at in range(number)))
    counts = double.counts()
    assert counts["values.batchUpdate"] <= 6 and counts["get"] <= 20
    assert (
        write_back(place, results, key_of) == []
        and double.counts()["values.batchUpdate"] == counts["values.batchUpdate"]
    )


# Somebody is quicker.

MOVES: dict[str, Callable[[Worksheet], object]] = {
    "sorts the other way round": lambda sheet: sheet.sort("A", descending=True),
    "shuffles": lambda sheet: sheet.shuffle(7),
    "inserts a row": lambda sheet: sheet.insert_rows(3),
    "inserts a filled row": lambda sheet: sheet.insert_rows(2, values=[["N", "New"]]),
    "inserts above the header": lambda sheet: sheet.insert_rows(1),
    "deletes an empty row far below": lambda sheet: sheet.delete_rows(900),
    "moves a row": lambda sheet: sheet.move_row(5, 2),
    "renames the worksheet": lambda sheet: sheet.rename("Others"),
    "hides a row": lambda sheet: sheet.hide_rows(3),
    "edits a cell": lambda sheet: sheet.put("B3", "Signer Zwei"),
}


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("when", ["before the write", "after the write", "both times"])
@pytest.mark.parametrize("first", [True, False], ids=["first time", "later"])
def test_every_status_ends_beside_its_key(
    double: GoogleSheets, book: Book, sheet: Worksheet, place: Place, move: str, when: str, first: bool
) -> None:
    if not first:
        write_back(place, [result(r.row, r.key, status="sending", id=r.values["esign id"]) for r in ALL], key_of)
        double.calls.clear()
    if when != "after the write":
        double.before("values.batchUpdate", lambda: MOVES[move](sheet))
    if when != "before the write":
        double.after("values.batchUpdate", lambda: MOVES[move](sheet))
    missing = write_back(place, ALL, key_of)
    shown = sheet.shown()
    header = next(at for at, row in enumerate(shown) if row and "key" in row)
    names = shown[header]
    rows = [dict(zip(names, row + [""] * len(names), strict=False)) for row in shown[header + 1 :]]
    got = {row["key"]: (row["esign status"], row["esign id"]) for row in rows if row["key"]}
    assert missing == [] and got.pop("N", ("", "")) == ("", "")
    assert got == right("A", "B", "C", "D")
    assert not any(row["esign status"] or row["esign id"] for row in rows if not row["key"])
    assert sorted(names) == sorted(["key", "name", *OUR_COLUMNS])
    assert not any(any(row) for row in shown[:header]), "what strayed above the header is taken away"
    assert len(double.made("values.batchUpdate")) <= 5


def test_what_stood_beside_another_key_is_put_back(double: GoogleSheets, sheet: Worksheet, place: Place) -> None:
    old = [result(r.row, r.key, status="declined", problem="told why", id=r.values["esign id"]) for r in ALL]
    write_back(place, old, key_of)
    double.before("values.batchUpdate", lambda: sheet.sort("A", descending=True))
    assert write_back(place, [ALL[0]], key_of) == []
    found = {key: (row["esign status"], row["esign problem"]) for key, row in sheet.records("key").items()}
    assert found == {"A": ("sent", "")} | dict.fromkeys("BCD", ("declined", "told why"))
    assert double.counts()["values.batchUpdate"] == 3


def test_a_row_deleted_meanwhile_leaves_no_trace(double: GoogleSheets, sheet: Worksheet, place: Place) -> None:
    double.before("values.batchUpdate", lambda: sheet.delete_rows(3))
    assert write_back(place, ALL, key_of) == [ALL[1]]
    assert statuses(sheet) == right("A", "C", "D") and len(sheet.shown()) == 4


def test_a_refused_row_without_key_keeps_its_own_sentence(double: GoogleSheets, book: Book, place: Place) -> None:
    sheet = book.add("People", [["key", "name"], ["", "Nobody"], ["B", "Signer Two"]])
    double.before("values.batchUpdate", lambda: sheet.insert_rows(2, values=[["C", "New"]]))
    refused = result(2, None, status="refused", problem="key is empty")
    missing = write_back(place, [refused, sent(3, "B")], key_of)
    rows = {row["name"]: (row["esign status"], row["esign problem"]) for row in read_rows(place)}
    assert rows == {"New": ("", ""), "Nobody": ("", ""), "Signer Two": ("sent", "")} and missing == [refused]


def read_rows(place: Place) -> list[dict[str, str]]:
    return [row.cells for row in read(place).rows]


def test_a_copied_row_takes_no_second_status(double: GoogleSheets, sheet: Worksheet, place: Place) -> None:
    double.before("values.batchUpdate", lambda: sheet.duplicate_row(2))
    assert write_back(place, ALL, key_of) == []
    ids = [row["esign id"] for row in read_rows(place)]
    assert sorted(filter(None, ids)) == [f"abcdef:req_{key}" for key in "ABCD"]


def test_a_key_edited_while_we_write_keeps_its_mark_so_that_the_row_is_not_sent_again(
    double: GoogleSheets, sheet: Worksheet, place: Place
) -> None:
    double.after("values.batchUpdate", lambda: sheet.put("A3", "B2"))
    write_back(place, ALL, key_of)
    assert statuses(sheet)["B2"] == ("sent", "abcdef:req_B")


def test_a_column_inserted_before_the_write_lets_nothing_of_the_owner_be_overwritten(
    double: GoogleSheets, sheet: Worksheet, place: Place
) -> None:
    double.after("get", lambda: sheet.insert_columns("A", header="new"), skip=1)
    assert write_back(place, ALL, key_of) == []
    assert [row[1:3] for row in sheet.shown()] == PEOPLE and statuses(sheet) == right("A", "B", "C", "D")


def test_a_column_inserted_at_the_very_moment_is_told(double: GoogleSheets, sheet: Worksheet, place: Place) -> None:
    write_back(place, [result(r.row, r.key, status="sending", id=r.values["esign id"]) for r in ALL], key_of)
    double.before("values.batchUpdate", lambda: sheet.insert_columns("A", header="new"))
    with pytest.raises(SheetError, match="may stand in column C of 'People' now: restore it from the version history"):
        write_back(place, ALL, key_of)
    assert write_back(place, ALL, key_of) == [] and statuses(sheet) == right("A", "B", "C", "D")


def test_a_header_of_the_owner_that_ours_has_taken_the_place_of_is_told(
    double: GoogleSheets, sheet: Worksheet, place: Place
) -> None:
    double.before("values.batchUpdate", lambda: sheet.insert_columns("A", header="new"))
    with pytest.raises(SheetError, match="may stand in column C of 'People' now: restore it from the version history"):
        write_back(place, ALL, key_of)


def test_a_column_inserted_after_the_write_changes_nothing(
    double: GoogleSheets, sheet: Worksheet, place: Place
) -> None:
    double.after("values.batchUpdate", lambda: sheet.insert_columns("A", header="new"))
    assert write_back(place, ALL, key_of) == [] and statuses(sheet) == right("A", "B", "C", "D")


def test_somebody_who_never_rests_ends_it(
    double: GoogleSheets, sheet: Worksheet, connect: Callable[[], Google], place: Place
) -> None:
    double.before("values.batchUpdate", lambda: sheet.move_row(5, 2), times=None)
    with pytest.raises(SheetError, match="keeps changing while it is used"):
        write_google(place, ALL, key_of, connect())
    assert len(double.made("values.batchUpdate")) <= writing.ROUNDS
    double.calm()
    write_google(place, ALL, key_of, connect())


# Google is busy.


@pytest.mark.parametrize(
    "fault",
    [
        faults.quota(),
        faults.busy(),
        faults.busy_for(9),
        faults.broken(),
        faults.broken_after(),
        faults.bad_gateway(),
        faults.cut(),
        faults.cut_after(),
        faults.cut_within(),
    ],
    ids=["429", "503", "Retry-After", "500", "500 when done", "502", "cut", "cut when done", "cut within"],
)
@pytest.mark.parametrize("sorts", [False, True], ids=["at rest", "sorted meanwhile"])
def test_a_write_whose_answer_is_bad_or_lost_is_looked_at_and_completed(
    double: GoogleSheets,
    sheet: Worksheet,
    connect: Callable[[], Google],
    place: Place,
    fault: faults.Fault,
    sorts: bool,
) -> None:
    double.fail(fault, "write", times=2)
    if sorts:
        double.before("values.batchUpdate", lambda: sheet.sort("A", descending=True))
    assert write_google(place, ALL, key_of, connect()) == []
    assert statuses(sheet) == right("A", "B", "C", "D")
    assert len(double.made("write")) <= 4


def test_retry_after_is_kept_to(
    double: GoogleSheets, sheet: Worksheet, connect: Callable[[], Google], clock: Clock, place: Place
) -> None:
    double.fail(faults.busy_for(40), "write")
    before = clock.now
    write_google(place, ALL, key_of, connect())
    assert 40 <= clock.now - before < 42


def test_columns_are_appended_once_though_the_answer_is_lost(
    double: GoogleSheets, book: Book, connect: Callable[[], Google], place: Place
) -> None:
    sheet = book.add("People", PEOPLE, size=(5, 2))
    double.fail(faults.cut_after(), "batchUpdate")
    write_google(place, ALL, key_of, connect())
    assert sheet.column_count == 10 and statuses(sheet) == right("A", "B", "C", "D")


def test_a_hundred_write_backs_keep_to_the_quota_and_are_all_done(
    double: GoogleSheets, sheet: Worksheet, connect: Callable[[], Google], place: Place
) -> None:
    for number in range(100):
        write_google(place, [result(2, "A", status=f"status {number}", id="abcdef:req_A")], key_of, connect())
    assert double.busiest("write") <= 60 and double.busiest("read") <= 60
    assert 429 not in {call.status for call in double.made()}
    assert statuses(sheet)["A"] == ("status 99", "abcdef:req_A")


def test_somebody_else_uses_the_quota_up(
    double: GoogleSheets, sheet: Worksheet, connect: Callable[[], Google], place: Place
) -> None:
    double.quota.writes = 3
    for number in range(12):
        write_google(place, [result(2, "A", status=f"status {number}", id="abcdef:req_A")], key_of, connect())
    assert double.busiest("write") <= 3 and statuses(sheet)["A"] == ("status 11", "abcdef:req_A")
    assert 429 in {call.status for call in double.made()}


def test_google_away_for_minutes_is_told(
    double: GoogleSheets, sheet: Worksheet, connect: Callable[[], Google], clock: Clock, place: Place
) -> None:
    double.fail(faults.cut(), "write", times=None)
    before = clock.now
    with pytest.raises(SheetError, match="Google does not answer: check the connection"):
        write_google(place, ALL, key_of, connect())
    assert clock.now - before < 200
    double.calm()
    assert write_google(place, ALL, key_of, connect()) == [] and statuses(sheet) == right("A", "B", "C", "D")


def test_a_read_only_share_names_whom_to_make_editor(
    double: GoogleSheets, book: Book, sheet: Worksheet, place: Place
) -> None:
    double.share(book, robot="reader")
    with pytest.raises(SheetError, match=r"may not be written: share it as Editor with \S+@\S+gserviceaccount\.com\."):
        write_back(place, ALL, key_of)
    assert sheet.shown() == PEOPLE


def test_protected_cells_say_who_has_to_be_let(sheet: Worksheet, place: Place) -> None:
    sheet.protect()
    with pytest.raises(SheetError, match=r"our columns are protected: let \S+@\S+ edit them"):
        write_back(place, ALL, key_of)


def test_a_token_that_expires_between_two_calls_is_renewed(
    double: GoogleSheets, sheet: Worksheet, place: Place
) -> None:
    double.after("get", double.identity.expire, times=None)
    assert write_back(place, ALL, key_of) == [] and statuses(sheet) == right("A", "B", "C", "D")
    assert double.tokens_granted > 1
