"""A Google spreadsheet is read as its owner sees it, over HTTP, with the real gspread."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from connectors.sheets import NoRows, Number, Place, SheetError, locate, read
from connectors.sheets.google import reading
from connectors.sheets.google.calling import Google
from connectors.sheets.google.reading import read_grid
from tests.google import faults
from tests.google.book import Book
from tests.google.cells import Failure, Formatted, Formula
from tests.google.identity import ROBOT
from tests.google.server import Clock, GoogleSheets

pytestmark = pytest.mark.usefixtures("key_file")

CELLS = {
    "text": ("  Söhne & Co ", "  Söhne & Co "),
    "number": (1234.5, "1234.5"),
    "money": (Formatted(1234.5, "#,##0.00"), "1234.50"),
    "zeros": (Formatted(42, "00000"), "00042"),
    "day": (Formatted(date(2026, 12, 31), "dd.mm.yyyy"), "2026-12-31"),
    "moment": (Formatted(46387 + 14.5 / 24, "dd.mm.yyyy hh:mm", "DATE_TIME"), "2026-12-31 14:30"),
    "part": (Formatted(0.125, "0.0%", "PERCENT"), "12.5%"),
    "truth": (True, "TRUE"),
    "formula": (Formula("=1+1", 2), "2"),
    "error": (Formula("=A0", Failure("REF")), "#REF!"),
    "looks like one": ("00042", "00042"),
}


@pytest.mark.parametrize("locale", ["en_US", "de_DE"])
def test_cells_are_read_the_same_whatever_the_locale_shows(book: Book, place: Place, locale: str) -> None:
    book.locale = locale
    book.add("Data", [list(CELLS), [value for value, _ in CELLS.values()]])
    row = read(place).rows[0]
    assert row.number == 2 and row.cells == {name: text for name, (_, text) in CELLS.items()}
    numbers = {name for name, text in row.cells.items() if isinstance(text, Number)}
    assert numbers == {"number", "money", "zeros", "formula"}


def test_hidden_rows_are_left_out_and_said(book: Book, place: Place) -> None:
    sheet = book.add("Data", [["key"], ["A"], ["B"], ["C"], ["D"]])
    sheet.hide_rows(3)
    sheet.hide_rows(5, by_filter=True)
    found = read(place)
    assert [(row.number, row.cells["key"]) for row in found.rows] == [(2, "A"), (4, "C")]
    assert found.notes == ("2 hidden rows are left out: 3, 5.",)


def test_the_header_is_the_first_row_that_is_not_blank(book: Book, place: Place) -> None:
    book.add("Data").fill([[" key ", "", "name"], [], ["A", "x", "Signer One"]], at="B3")
    found = read(place)
    assert found.columns == ("key", "name")
    assert [(row.number, row.cells) for row in found.rows] == [(5, {"key": "A", "name": "Signer One"})]


@pytest.mark.parametrize(("cells", "said"), [("A1:B1", "A1:B1"), ("B1:B2", "B1:B2")])
def test_merged_headers_are_refused_by_name(book: Book, place: Place, cells: str, said: str) -> None:
    book.add("Data", [["key", "name"], ["A", "B"]]).merge(cells)
    with pytest.raises(SheetError, match=f"{said} is merged: unmerge it"):
        read(place)


def test_merged_cells_below_the_header_hold_their_text_once(book: Book, place: Place) -> None:
    book.add("Data", [["key", "name"], ["A", "x"], ["B", "y"]]).merge("B2:B3")
    assert [row.cells["name"] for row in read(place).rows] == ["x", ""]


def test_the_worksheet_is_named_or_numbered_or_the_first_that_is_shown(book: Book, place: Place) -> None:
    book.add("Hidden", [["key"], ["hidden"]]).properties["hidden"] = True
    book.add("It's", [["key"], ["first"]])
    book.add("Staff", [["key"], ["second"]], sheet_id=77)

    def keys(address: str) -> list[str]:
        return [row.cells["key"] for row in read(address).rows]

    assert keys(str(place)) == ["first"]
    assert read(place).notes == (
        "The worksheet \"It's\" was read, the first of 2: add # and a worksheet's name to the address to have another "
        "one read.",
    )
    assert keys(f"{place}#Staff") == keys(f"{place}#gid=77") == keys(f"{place}?gid=77#gid=77&range=A1") == ["second"]
    assert keys(f"{place}#It's") == ["first"]
    assert read(f"{place}#Staff").notes == ()
    with pytest.raises(SheetError, match="no such worksheet, only: It's, Staff"):
        read(f"{place}#staf")


def test_an_empty_worksheet_and_one_with_headers_only_say_so(book: Book, place: Place) -> None:
    sheet = book.add("Data")
    with pytest.raises(SheetError, match="is empty: the first row has to name the columns"):
        read(place)
    sheet.fill([["key"]])
    with pytest.raises(NoRows):
        read(place)
    sheet.fill([["key", "key"]])
    with pytest.raises(SheetError, match="the column 'key' is there twice"):
        read(place)


def test_what_google_has_not_worked_out_yet_is_not_taken_for_a_name(book: Book, place: Place) -> None:
    book.add("Data", [["key"], ["A"], ["Loading..."]])
    with pytest.raises(SheetError, match="A3 is still being worked out: try again in a moment"):
        read(place)


def test_a_long_sheet_is_read_in_pieces(
    double: GoogleSheets, book: Book, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "AT_ONCE", 26 * 7)
    book.add("Data", [["key"], *([f"K{number}"] for number in range(100))], size=(120, 26))
    assert [row.cells["key"] for row in read(place).rows] == [f"K{number}" for number in range(100)]
    assert double.counts() == {"get": 1 + 18}


def test_ten_thousand_rows_take_a_handful_of_calls(double: GoogleSheets, book: Book, place: Place) -> None:
    book.add("Data", [["key", "name"], *([f"K{number}", "Söhne"] for number in range(10_000))])
    assert len(read(place).rows) == 10_000
    assert double.counts()["get"] <= 5


def test_a_worksheet_made_smaller_while_it_is_read_is_read_again(
    double: GoogleSheets, book: Book, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "AT_ONCE", 26 * 10)
    sheet = book.add("Data", [["key"], *([f"K{number}"] for number in range(30))], size=(40, 26))
    double.after("get", lambda: sheet.delete_rows(16, 25), skip=1)
    assert len(read(place).rows) == 14


def test_a_worksheet_renamed_between_two_calls_is_found_again(double: GoogleSheets, book: Book, place: Place) -> None:
    sheet = book.add("Data", [["key"], ["A"]])
    double.after("get", lambda: sheet.rename("Other"))
    assert len(read(place).rows) == 1


# Who may, and what goes wrong.


def test_no_account_says_what_to_set(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ESIGN_GOOGLE_KEY_FILE")
    with pytest.raises(SheetError, match=r"set ESIGN_GOOGLE_KEY_FILE .* esign-google-sheets/default, and share"):
        read(place)


def test_a_sheet_that_is_not_shared_names_whom_to_share_it_with(double: GoogleSheets, book: Book, place: Place) -> None:
    book.add("Data", [["key"], ["A"]])
    double.share(book, person="writer")
    with pytest.raises(SheetError, match=r"may not be read: share it with \S+@\S+gserviceaccount\.com\."):
        read(place)


def test_an_address_of_nothing_is_to_be_checked() -> None:
    with pytest.raises(SheetError, match=r"no Google spreadsheet at .*: check the address"):
        read("https://docs.google.com/spreadsheets/d/1doesNotExist/edit")


def test_an_excel_file_in_the_drive_and_an_api_switched_off_are_explained(
    double: GoogleSheets, book: Book, place: Place
) -> None:
    double.fail(faults.disabled())
    with pytest.raises(SheetError, match="API is off: switch it on"):
        read(place)
    book.is_excel_file = True
    with pytest.raises(SheetError, match="is an Excel file kept at Google"):
        read(place)


def test_an_expired_token_is_renewed_and_a_withdrawn_key_is_not(double: GoogleSheets, book: Book, place: Place) -> None:
    book.add("Data", [["key"], ["A"]])
    read(place)
    granted = double.tokens_granted
    double.identity.expire()
    assert len(read(place).rows) == 1 and double.tokens_granted == granted + 1
    double.identity.expire()
    double.identity.refused.add(ROBOT)
    with pytest.raises(SheetError, match="does not take the key of the account any more"):
        read(place)


def test_a_person_who_gave_consent_reads_and_is_not_named(
    double: GoogleSheets, book: Book, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = double.authorized_user_file(tmp_path / "person.json")
    # What gspread keeps has no `type`.
    path.write_text(path.read_text().replace('"type"', '"kind"'))
    monkeypatch.setenv("ESIGN_GOOGLE_KEY_FILE", str(path))
    book.add("Data", [["key"], ["A"]])
    double.share(book, person="reader")
    assert len(read(place).rows) == 1 and double.tokens_granted == 1
    double.share(book, robot="reader")
    with pytest.raises(SheetError, match="share it with the Google account that gave its consent") as raised:
        read(place)
    assert "@" not in str(raised.value)


@pytest.mark.parametrize("key", ["", "not json", "[]", '{"type": "service_account"}', '{"private_key": "secret"}'])
def test_a_file_that_is_no_key_says_so_and_nothing_of_what_is_in_it(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    path = tmp_path / "other.json"
    path.write_text(key)
    monkeypatch.setenv("ESIGN_GOOGLE_KEY_FILE", str(path))
    with pytest.raises(SheetError, match="ESIGN_GOOGLE_KEY_FILE holds no key of Google's") as raised:
        read(place)
    assert "secret" not in repr(raised.value) and raised.value.__context__ is None
    monkeypatch.setenv("ESIGN_GOOGLE_KEY_FILE", str(tmp_path / "nowhere.json"))
    with pytest.raises(SheetError, match="names a file that cannot be read"):
        read(place)


def test_the_api_is_looked_for_elsewhere_on_this_machine_only(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESIGN_GOOGLE_BASE_URL", "https://sheets.example.com")
    with pytest.raises(SheetError, match="for tests on this machine only"):
        read(place)


@pytest.mark.parametrize(
    "fault",
    [faults.quota("Read"), faults.busy(), faults.busy_for(7), faults.broken(), faults.bad_gateway(), faults.cut()],
    ids=["429", "503", "Retry-After", "500", "502", "cut"],
)
def test_a_read_is_tried_again(
    double: GoogleSheets, book: Book, connect: Callable[[], Google], clock: Clock, place: Place, fault: faults.Fault
) -> None:
    book.add("Data", [["key"], ["A"]])
    double.fail(fault, times=3)
    before = clock.now
    assert len(read_grid(place, connect())) == 2
    assert 7 <= clock.now - before <= 21


def test_a_read_is_given_up_after_two_minutes(
    double: GoogleSheets, book: Book, connect: Callable[[], Google], clock: Clock, place: Place
) -> None:
    book.add("Data", [["key"], ["A"]])
    double.fail(faults.quota("Read"), times=None)
    before = clock.now
    with pytest.raises(SheetError, match="quota of calls is used up: try again in a few minutes"):
        read_grid(place, connect())
    assert 60 <= clock.now - before <= 125 and len(double.made()) < 10


def test_two_hundred_reads_keep_to_the_quota(
    double: GoogleSheets, book: Book, connect: Callable[[], Google], place: Place
) -> None:
    book.add("Data", [["key"], ["A"]])
    for _ in range(100):
        read_grid(place, connect())
    assert double.busiest("read") <= 60 and {call.status for call in double.made()} == {200}


def test_no_secret_and_nothing_of_the_sheet_is_in_an_error(
    double: GoogleSheets, book: Book, place: Place, key_file: Path
) -> None:
    double.share(book, person="writer")
    with pytest.raises(SheetError) as raised:
        read(locate(str(place)))
    assert raised.value.__context__ is None and raised.value.__cause__ is None
    assert "PRIVATE KEY" not in str(raised.value) and "ya29" not in str(raised.value)
