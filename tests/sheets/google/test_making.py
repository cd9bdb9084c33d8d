"""An empty worksheet becomes a sheet that tells what to fill in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connectors.sheets import OUR_COLUMNS, Place, SheetError, read
from connectors.sheets.google.calling import Google
from connectors.sheets.google.making import make_google
from connectors.sheets.making import ColumnPlan, make
from tests.google import faults
from tests.google.book import Book
from tests.google.server import GoogleSheets

pytestmark = pytest.mark.usefixtures("key_file")

COLUMNS = [
    ColumnPlan("employee_id", note="As in payroll."),
    ColumnPlan("Phone", "phone", required=False),
    ColumnPlan("Start", "date"),
    ColumnPlan("Pay", "money"),
    ColumnPlan("Hours", "integer"),
    ColumnPlan("Share", "number"),
    ColumnPlan("Team", "choice", choices=("North", "South, East")),
    ColumnPlan("send", "yes_no"),
]
SAMPLE = {
    "employee_id": "00042",
    "Phone": "+442079460018",
    "Start": "2026-12-31",
    "Pay": "1234.50",
    "Hours": "40",
    "Share": "0.25",
    "Team": "South, East",
    "send": "yes",
}


def test_what_is_made_is_read_again_the_same(double: GoogleSheets, book: Book, place: Place) -> None:
    sheet = book.add("Sheet1", size=(3, 5))
    make(place, COLUMNS, [SAMPLE, {"employee_id": "7"}])
    found = read(place)
    assert found.columns == (*(column.name for column in COLUMNS), *OUR_COLUMNS)
    empty = dict.fromkeys(found.columns, "")
    assert [row.cells for row in found.rows] == [empty | SAMPLE, empty | {"employee_id": "7"}]
    assert double.counts()["batchUpdate"] == len(double.made("write")) == 1 and sheet.frozen_rows == 1


def test_headers_are_bold_and_explained_and_ours_are_grey(book: Book, place: Place) -> None:
    sheet = book.add("Sheet1")
    make(place, COLUMNS)
    first, ours = sheet.cell("A1").kept, sheet.cell("I1").kept
    assert first["note"] == "As in payroll." and first["userEnteredFormat"]["textFormat"] == {"bold": True}
    assert sheet.cell("B1").kept["note"] == "A phone number, best with + and the country code. May stay empty."
    assert (
        ours["note"].startswith("Filled in by esign")
        and "foregroundColorStyle" in ours["userEnteredFormat"]["textFormat"]
    )


def test_cells_help_to_fill_them_in_down_to_the_last_row(book: Book, place: Place) -> None:
    sheet = book.add("Sheet1")
    make(place, COLUMNS)
    offered = {
        letter: [value["userEnteredValue"] for value in rule["condition"]["values"]]
        for letter in "GH"
        if (rule := sheet.cell(f"{letter}1000").kept["dataValidation"])["condition"]["type"] == "ONE_OF_LIST"
    }
    assert offered == {"G": ["North", "South, East"], "H": ["yes", "no"]}
    assert sheet.cell("C2").kept["dataValidation"]["condition"]["type"] == "DATE_IS_VALID"
    sheet.type("A2", "00042")
    sheet.type("C2", "2027-01-05")
    sheet.type("D2", "99.5")
    cells = read(place).rows[0].cells
    assert (cells["employee_id"], cells["Start"], cells["Pay"]) == ("00042", "2027-01-05", "99.50")


def test_what_is_there_is_never_overwritten(double: GoogleSheets, book: Book, place: Place) -> None:
    sheet = book.add("Sheet1").fill([["x"]], at="D900")
    with pytest.raises(SheetError, match="the worksheet 'Sheet1' is not empty: name one that is"):
        make(place, COLUMNS)
    assert sheet.shown()[-1] == ["", "", "", "x"] and not double.made("write")


@pytest.mark.parametrize("fault", [faults.cut_after(), faults.broken_after(), faults.quota(), faults.cut()])
def test_an_answer_that_is_lost_is_looked_up(
    double: GoogleSheets, book: Book, connect: Callable[[], Google], place: Place, fault: faults.Fault
) -> None:
    book.add("Sheet1")
    double.fail(fault, "write")
    make_google(place, COLUMNS, [SAMPLE], connect())
    assert len(read(place).rows) == 1


def test_a_worksheet_is_named_and_a_read_only_share_said(double: GoogleSheets, book: Book, place: Place) -> None:
    book.add("Sheet1", [["taken"]])
    staff = book.add("Staff")
    make(f"{place}#Staff", COLUMNS)
    assert staff.shown()[0][0] == "employee_id"
    book.add("More")
    double.share(book, robot="reader")
    with pytest.raises(SheetError, match="share it as Editor with"):
        make(f"{place}#More", COLUMNS)
