"""Values read and written with the real gspread."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import gspread
import pytest
from gspread.exceptions import APIError
from gspread.utils import DateTimeOption, Dimension, InsertDataOption, ValueInputOption, ValueRenderOption

from tests.google.book import Book
from tests.google.cells import Failure, Formatted, Formula
from tests.google.server import GoogleSheets

PEOPLE = [["Name", "Email", "Amount"], ["Signer One", "one@example.com", 12.5], ["Signer Two", "", None], [], ["Last"]]


@pytest.fixture
def book(google: GoogleSheets) -> Book:
    made = google.book("People")
    made.add("People", PEOPLE)
    return made


@pytest.fixture
def sheet(client: gspread.Client, book: Book) -> gspread.Worksheet:
    return client.open_by_key(book.id).worksheet("People")


def refusal(error: pytest.ExceptionInfo[APIError]) -> str:
    assert error.value.code == 400 and error.value.error["status"] == "INVALID_ARGUMENT"
    return str(error.value.error["message"])


def test_empty_cells_and_rows_at_the_ends_are_left_off(google: GoogleSheets, sheet: gspread.Worksheet) -> None:
    answer = sheet.client.values_get(sheet.spreadsheet_id, "People")
    assert answer == {
        "range": "People!A1:Z1000",
        "majorDimension": "ROWS",
        "values": [
            ["Name", "Email", "Amount"],
            ["Signer One", "one@example.com", "12.5"],
            ["Signer Two"],
            [],
            ["Last"],
        ],
    }
    assert sheet.client.values_get(sheet.spreadsheet_id, "People!E5:F9") == {
        "range": "People!E5:F9",
        "majorDimension": "ROWS",
    }


def test_gspread_reads_records_columns_and_cells(sheet: gspread.Worksheet) -> None:
    assert sheet.get_all_values()[1] == ["Signer One", "one@example.com", "12.5"]
    assert sheet.get_all_records()[0] == {"Name": "Signer One", "Email": "one@example.com", "Amount": 12.5}
    assert sheet.col_values(1) == ["Name", "Signer One", "Signer Two", "", "Last"]
    assert sheet.row_values(2) == ["Signer One", "one@example.com", "12.5"]
    assert sheet.acell("B2").value == "one@example.com"
    assert sheet.find("Signer Two").address == "A3"  # type: ignore[union-attr]
    assert sheet.get("A2:B", major_dimension=Dimension.cols) == [
        ["Signer One", "Signer Two", "", "Last"],
        ["one@example.com"],
    ]


def test_several_ranges_come_in_one_call(google: GoogleSheets, sheet: gspread.Worksheet) -> None:
    before = len(google.made())
    keys, names = sheet.batch_get(["B2:B3", "A:A"])
    assert keys == [["one@example.com"]] and [line[:1] for line in names][1] == ["Signer One"]
    assert [call.kind for call in google.made()[before:]] == ["values.batchGet"]


def test_a_value_is_handed_out_as_people_see_it_as_it_is_kept_or_as_it_was_entered(
    book: Book, sheet: gspread.Worksheet
) -> None:
    book.sheet.fill(
        [
            [
                Formatted(date(2026, 3, 1), "dd.mm.yyyy"),
                Formula("=C2*2", 25),
                Formatted(7, "00000"),
                Formula("=Z99", Failure("REF")),
            ]
        ],
        "A10",
    )
    assert sheet.get("A10:D10") == [["01.03.2026", "25", "00007", "#REF!"]]
    unformatted = ValueRenderOption.unformatted
    assert sheet.get("A10:D10", value_render_option=unformatted) == [[46082, 25, 7, "#REF!"]]
    text = DateTimeOption.formatted_string
    shown = sheet.get("A10:D10", value_render_option=unformatted, date_time_render_option=text)
    assert shown == [["01.03.2026", 25, 7, "#REF!"]]
    assert sheet.get("A10:D10", value_render_option=ValueRenderOption.formula) == [[46082, "=C2*2", 7, "=Z99"]]


def test_raw_keeps_every_text_as_it_is(book: Book, sheet: gspread.Worksheet) -> None:
    given = ["=1+1", "007", "2026-03-01", "TRUE", "+49 170", "'x"]
    sheet.update([given], "A2", value_input_option=ValueInputOption.raw)
    assert book.sheet.shown()[1] == given
    assert book.sheet.cell("A2").formula is None and book.sheet.cell("A2").entered == {"stringValue": "=1+1"}


def test_user_entered_makes_of_a_text_what_a_person_would_get(book: Book, sheet: gspread.Worksheet) -> None:
    given = ["=1+1", "007", "2026-03-01", "true", "50%", "'007", "1,234.5"]
    sheet.update([given], "A2", value_input_option=ValueInputOption.user_entered)
    assert book.sheet.cell("A2").formula == "=1+1"
    assert book.sheet.shown()[1] == ["#NAME?", "7", "2026-03-01", "TRUE", "50%", "007", "1,234.50"]
    assert book.sheet.cell("C2").entered == {"numberValue": 46082.0}


def test_none_leaves_a_cell_and_an_empty_text_empties_it(book: Book, sheet: gspread.Worksheet) -> None:
    answer: Any = sheet.update([[None, "", "x"]], "A2:C2")
    assert book.sheet.shown()[1] == ["Signer One", "", "x"]
    assert answer == {
        "spreadsheetId": book.id,
        "updatedRange": "People!A2:C2",
        "updatedRows": 1,
        "updatedColumns": 2,
        "updatedCells": 2,
    }


def test_a_batch_of_writes_is_counted_and_read_back(google: GoogleSheets, sheet: gspread.Worksheet) -> None:
    answer: Any = sheet.batch_update(
        [{"range": "D2", "values": [["sent"]]}, {"range": "D4:E4", "values": [["sent", "x"]]}],
        include_values_in_response=True,
    )
    assert [answer[name] for name in ("totalUpdatedRows", "totalUpdatedColumns", "totalUpdatedCells")] == [2, 2, 3]
    assert answer["responses"][1]["updatedData"] == {
        "range": "People!D4:E4",
        "majorDimension": "ROWS",
        "values": [["sent", "x"]],
    }
    written = google.made("write")[-1]
    assert [cell.cell for cell in written.written] == ["D2", "D4", "E4"] and written.input_option == "RAW"


def test_a_batch_with_one_bad_range_writes_nothing(book: Book, sheet: gspread.Worksheet) -> None:
    with pytest.raises(APIError) as error:
        sheet.batch_update([{"range": "D2", "values": [["sent"]]}, {"range": "D1001", "values": [["sent"]]}])
    assert refusal(error) == (
        "Invalid data[1]: Range (People!D1001) exceeds grid limits. Max rows: 1000, max columns: 26"
    )
    assert book.sheet.cell("D2").empty


@pytest.mark.parametrize(
    ("place", "rows", "sentence"),
    [
        ("AA1", [["x"]], "Range (People!AA1) exceeds grid limits. Max rows: 1000, max columns: 26"),
        ("A1000", [["x"], ["y"]], "Requested writing within range ['People'!A1000], but tried writing to row [1001]"),
        ("Z1", [["x", "y"]], "Requested writing within range ['People'!Z1], but tried writing to column [AA]"),
        (
            "A1:B2",
            [["x"], ["y"], ["z"]],
            "Requested writing within range ['People'!A1:B2], but tried writing to row [3]",
        ),
        ("A1", [["x" * 50_001]], "Your input contains more than the maximum of 50000 characters in a single cell."),
        ("A1", [[{"a": 1}]], "Invalid values[0][0]: struct_value {\n}\n"),
    ],
)
def test_what_does_not_fit_is_refused_in_googles_words(
    sheet: gspread.Worksheet, place: str, rows: list[list[Any]], sentence: str
) -> None:
    with pytest.raises(APIError) as error:
        sheet.update(rows, place)
    assert refusal(error) == sentence


def test_a_range_that_only_ends_outside_is_cut(sheet: gspread.Worksheet) -> None:
    answer = sheet.client.values_get(sheet.spreadsheet_id, "People!A5:AZ5000")
    assert answer["range"] == "People!A5:Z1000" and answer["values"] == [["Last"]]
    with pytest.raises(APIError) as error:
        sheet.get("A1001:C2000")
    assert refusal(error) == "Range (People!A1001:C2000) exceeds grid limits. Max rows: 1000, max columns: 26"


def test_titles_that_need_quotes_are_found(client: gspread.Client, book: Book) -> None:
    for title in ("It's / 100 % ü", "Q1", "2026"):
        book.add(title, [[f"in {title}"]])
        sheet = client.open_by_key(book.id).worksheet(title)
        assert sheet.acell("A1").value == f"in {title}"
        quoted = title.replace("'", "''")
        assert client.http_client.values_get(book.id, f"'{quoted}'!A1")["range"] == f"'{quoted}'!A1"
    with pytest.raises(APIError) as error:
        client.http_client.values_get(book.id, "Nowhere!A1")
    assert refusal(error) == "Unable to parse range: Nowhere!A1"


def test_appending_goes_behind_the_table_and_grows_the_grid(client: gspread.Client, google: GoogleSheets) -> None:
    book = google.book()
    book.add("Small", [["Name"], ["Signer One"]], size=(2, 2))
    sheet = client.open_by_key(book.id).sheet1
    answer: Any = sheet.append_rows([["Signer Two", "x"], ["=1"]])
    assert answer["tableRange"] == "Small!A1:A2" and answer["updates"]["updatedRange"] == "Small!A3:B4"
    assert book.sheet.shown()[2:] == [["Signer Two", "x"], ["=1"]] and book.sheet.row_count == 4
    sheet.append_row(["Signer Three"], insert_data_option=InsertDataOption.insert_rows, table_range="A1:B2")
    assert book.sheet.shown()[4] == ["Signer Three"]


def test_clearing_leaves_formats_and_notes(book: Book, sheet: gspread.Worksheet) -> None:
    book.sheet.put("A2", Formatted(3, "0.00"))
    book.sheet.cell("A2").kept["note"] = "kept"
    sheet.batch_clear(["A2:B2"])
    sheet.client.values_clear(sheet.spreadsheet_id, "People!A5")
    assert book.sheet.shown()[1:] == [["", "", "12.5"], ["Signer Two"]]
    assert book.sheet.cell("A2").note == "kept" and book.sheet.cell("A2").number_format["pattern"] == "0.00"


@pytest.mark.parametrize(
    ("locale", "value", "pattern", "seen"),
    [
        ("en_US", 1234.5, "#,##0.00", "1,234.50"),
        ("de_DE", 1234.5, "#,##0.00", "1.234,50"),
        ("de_DE", 1234567, "#,##0", "1.234.567"),
        ("en_US", 2.345, "0.00", "2.35"),
        ("en_US", -0.5, "0.00", "-0.50"),
        ("de_DE", 0.125, "0.0%", "12,5%"),
        ("en_US", 42, "00000", "00042"),
        ("en_US", 1500, '"$"#,##0.00', "$1,500.00"),
        ("de_DE", 1500, '#,##0.00 "€"', "1.500,00 €"),
        ("en_US", -5, "0;(0)", "(5)"),
        ("en_US", 12345, "0.00E+00", "1.23E+04"),
        ("en_US", 0.5, "#.##", ".5"),
        ("en_US", date(2026, 3, 1), "yyyy-mm-dd", "2026-03-01"),
        ("de_DE", date(2026, 3, 1), "d. mmmm yyyy", "1. März 2026"),
        ("en_US", date(2026, 3, 1), "ddd, mmm d, yy", "Sun, Mar 1, 26"),
        ("en_US", datetime(2026, 3, 1, 15, 4, 5, tzinfo=UTC), "m/d/yyyy h:mm:ss am/pm", "3/1/2026 3:04:05 PM"),
        ("de_DE", datetime(2026, 3, 1, 15, 4, 5, tzinfo=UTC), "dd.mm.yyyy hh:mm", "01.03.2026 15:04"),
    ],
)
def test_numbers_and_dates_are_shown_under_their_format(
    google: GoogleSheets, client: gspread.Client, locale: str, value: Any, pattern: str, seen: str
) -> None:
    book = google.book(locale=locale)
    book.add("S", [[Formatted(value, pattern)]])
    assert client.open_by_key(book.id).sheet1.acell("A1").value == seen


@pytest.mark.parametrize(
    ("locale", "values", "seen"),
    [
        (
            "en_US",
            [3.0, 0.1 + 0.2, 1234567.891, True, date(2026, 3, 1)],
            ["3", "0.3", "1234567.891", "TRUE", "3/1/2026"],
        ),
        (
            "de_DE",
            [3.0, 0.1 + 0.2, 1234567.891, False, date(2026, 3, 1)],
            ["3", "0,3", "1234567,891", "FALSE", "01.03.2026"],
        ),
    ],
)
def test_without_a_format_the_locale_decides(
    google: GoogleSheets, client: gspread.Client, locale: str, values: list[Any], seen: list[str]
) -> None:
    book = google.book(locale=locale)
    book.add("S", [values])
    assert client.open_by_key(book.id).sheet1.row_values(1) == seen


def test_a_german_sheet_takes_german_numbers_and_dates(google: GoogleSheets, client: gspread.Client) -> None:
    book = google.book(locale="de_DE")
    book.add("S")
    sheet = client.open_by_key(book.id).sheet1
    sheet.update([["1.234,5", "1.3.2026", "1,5", "1.5"]], "A1", value_input_option=ValueInputOption.user_entered)
    assert sheet.row_values(1) == ["1.234,50", "01.03.2026", "1,5", "1.5"]
