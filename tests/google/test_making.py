"""What making a sheet asks of spreadsheets:batchUpdate, with the real gspread."""

from __future__ import annotations

from typing import Any

import gspread
import pytest
from gspread.exceptions import APIError
from gspread.utils import MergeType, ValidationConditionType

from tests.google.book import Book
from tests.google.server import GoogleSheets

UNKNOWN = "Invalid JSON payload received. Unknown name \"{}\" at '{}': Cannot find field."


@pytest.fixture
def book(google: GoogleSheets) -> Book:
    made = google.book("People")
    made.add("People", [["Name", "Kind"], ["Signer One", "a"], ["Signer Two", "b"]], size=(10, 4))
    return made


@pytest.fixture
def opened(client: gspread.Client, book: Book) -> gspread.Spreadsheet:
    return client.open_by_key(book.id)


def refused(opened: gspread.Spreadsheet, *requests: dict[str, Any]) -> str:
    with pytest.raises(APIError) as error:
        opened.batch_update({"requests": [*requests]})
    assert error.value.code == 400 and error.value.error["status"] == "INVALID_ARGUMENT"
    return str(error.value.error["message"])


def test_worksheets_are_added_renamed_moved_duplicated_and_deleted(opened: gspread.Spreadsheet, book: Book) -> None:
    added = opened.add_worksheet("Status", rows=5, cols=3)
    assert (added.row_count, added.col_count, added.index) == (5, 3, 1)
    added.update_title("State")
    added.update_index(0)
    copied = opened.worksheet("People").duplicate(new_sheet_name="Copy")
    assert [sheet.title for sheet in opened.worksheets()] == ["Copy", "State", "People"]
    assert copied.get_all_values() == [["Name", "Kind"], ["Signer One", "a"], ["Signer Two", "b"]]
    opened.del_worksheet(copied)
    assert [sheet.title for sheet in book.worksheets] == ["State", "People"]
    with pytest.raises(
        APIError, match=r'Invalid requests\[0\].addSheet: A sheet with the name "people" already exists'
    ):
        opened.add_worksheet("people", 1, 1)


def test_the_header_is_frozen_and_the_grid_resized(opened: gspread.Spreadsheet, book: Book) -> None:
    sheet = opened.sheet1
    sheet.freeze(rows=1)
    sheet.resize(rows=20, cols=6)
    sheet.add_rows(5)
    sheet.add_cols(1)
    properties = opened.fetch_sheet_metadata()["sheets"][0]["properties"]
    assert properties == {
        "sheetId": 0,
        "title": "People",
        "index": 0,
        "sheetType": "GRID",
        "gridProperties": {"rowCount": 25, "columnCount": 7, "frozenRowCount": 1},
    }
    with pytest.raises(APIError, match="You can't freeze all visible rows on the sheet"):
        sheet.freeze(rows=25)
    assert book.sheet.frozen_rows == 1


def test_rows_and_columns_are_inserted_appended_and_deleted(opened: gspread.Spreadsheet, book: Book) -> None:
    sheet = opened.sheet1
    sheet.insert_row(["Signer Zero"], 2)
    sheet.insert_cols([["Number", 1]], 1)
    assert book.sheet.shown()[:3] == [["Number", "Name", "Kind"], ["1", "Signer Zero"], ["", "Signer One", "a"]]
    sheet.delete_rows(2)
    sheet.delete_columns(1)
    opened.batch_update({"requests": [{"appendDimension": {"sheetId": 0, "dimension": "ROWS", "length": 3}}]})
    assert book.sheet.shown()[1] == ["Signer One", "a"] and (book.sheet.row_count, book.sheet.column_count) == (13, 4)


def test_cells_are_set_with_value_format_note_and_rule(opened: gspread.Spreadsheet, book: Book) -> None:
    rule = {
        "condition": {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": "a"}, {"userEnteredValue": "b"}]},
        "showCustomUi": True,
        "strict": True,
        "inputMessage": "a or b",
    }
    bold = {"textFormat": {"bold": True}, "backgroundColor": {"red": 0.9}}
    header = {"userEnteredValue": {"stringValue": "Amount"}, "note": "In euros.", "userEnteredFormat": bold}
    opened.batch_update(
        {
            "requests": [
                {
                    "updateCells": {
                        "start": {"sheetId": 0, "rowIndex": 0, "columnIndex": 2},
                        "rows": [{"values": [header]}],
                        "fields": "userEnteredValue,note,userEnteredFormat(textFormat,backgroundColor)",
                    }
                },
                {
                    "repeatCell": {
                        "range": {"sheetId": 0, "startRowIndex": 1, "startColumnIndex": 2, "endColumnIndex": 3},
                        "cell": {"userEnteredFormat": {"numberFormat": {"type": "NUMBER", "pattern": "#,##0.00"}}},
                        "fields": "userEnteredFormat.numberFormat",
                    }
                },
                {
                    "setDataValidation": {
                        "range": {"sheetId": 0, "startRowIndex": 1, "startColumnIndex": 1, "endColumnIndex": 2},
                        "rule": rule,
                    }
                },
            ]
        }
    )
    opened.sheet1.update([[1200]], "C2")
    (data,) = opened.fetch_sheet_metadata({"includeGridData": "true", "ranges": "People!B1:C2"})["sheets"][0]["data"]
    assert data["startColumn"] == 1 and "startRow" not in data
    amount = data["rowData"][0]["values"][1]
    assert amount["userEnteredValue"] == {"stringValue": "Amount"} and amount["note"] == "In euros."
    assert amount["userEnteredFormat"] == bold and amount["effectiveFormat"]["textFormat"] == {"bold": True}
    kind, number = data["rowData"][1]["values"]
    assert kind["dataValidation"] == rule and kind["formattedValue"] == "a"
    assert number["formattedValue"] == "1,200.00" and number["effectiveValue"] == {"numberValue": 1200}
    assert opened.sheet1.get_note("C1") == "In euros."


def test_gspreads_own_ways_to_format_note_validate_and_merge(opened: gspread.Spreadsheet, book: Book) -> None:
    sheet = opened.sheet1
    sheet.format("A1:B1", {"textFormat": {"bold": True}})
    sheet.update_note("A1", "Who signs.")
    sheet.add_validation("B2:B10", ValidationConditionType.one_of_list, ["a", "b"], showCustomUi=True)
    sheet.merge_cells("C1:D1", MergeType.merge_all)
    sheet.hide_rows(2, 3)
    assert book.sheet.cell("B1").kept["userEnteredFormat"] == {"textFormat": {"bold": True}}
    assert book.sheet.cell("A1").note == "Who signs." and "dataValidation" in book.sheet.cell("B10").kept
    described = opened.fetch_sheet_metadata()["sheets"][0]
    assert described["merges"] == [
        {"sheetId": 0, "startRowIndex": 0, "endRowIndex": 1, "startColumnIndex": 2, "endColumnIndex": 4}
    ]
    sheet.unmerge_cells("C1:D1")
    assert book.sheet.rows[2].hidden and not book.sheet.merges
    sheet.sort((1, "des"), range="A2:B3")
    assert book.sheet.shown()[1:] == [["Signer Two", "b"], ["Signer One", "a"]]


def test_hidden_rows_and_columns_and_filters_are_told(opened: gspread.Spreadsheet, book: Book) -> None:
    book.sheet.hide_rows(2)
    book.sheet.hide_rows(3, by_filter=True)
    book.sheet.hide_columns("B")
    fields = "sheets(properties.title,data(rowMetadata(hiddenByUser,hiddenByFilter),columnMetadata.hiddenByUser))"
    answer = opened.fetch_sheet_metadata({"fields": fields, "ranges": "People!A1:C4"})
    assert answer == {
        "sheets": [
            {
                "properties": {"title": "People"},
                "data": [
                    {
                        "rowMetadata": [{}, {"hiddenByUser": True}, {"hiddenByFilter": True}, {}],
                        "columnMetadata": [{}, {"hiddenByUser": True}, {}],
                    }
                ],
            }
        ]
    }


def test_a_rule_for_colours_is_kept(opened: gspread.Spreadsheet, book: Book) -> None:
    rule = {
        "ranges": [{"sheetId": 0, "startRowIndex": 1, "startColumnIndex": 1, "endColumnIndex": 2}],
        "booleanRule": {
            "condition": {"type": "TEXT_EQ", "values": [{"userEnteredValue": "a"}]},
            "format": {"backgroundColor": {"green": 1}},
        },
    }
    opened.batch_update({"requests": [{"addConditionalFormatRule": {"rule": rule, "index": 0}}]})
    book.sheet.insert_columns("A")
    (kept,) = opened.fetch_sheet_metadata()["sheets"][0]["conditionalFormats"]
    assert kept["booleanRule"] == rule["booleanRule"]
    assert kept["ranges"] == [{"sheetId": 0, "startRowIndex": 1, "startColumnIndex": 2, "endColumnIndex": 3}]


def test_metadata_at_a_row_moves_with_insertions(opened: gspread.Spreadsheet, book: Book) -> None:
    location = {"dimensionRange": {"sheetId": 0, "dimension": "ROWS", "startIndex": 1, "endIndex": 2}}
    entry = {"metadataKey": "row", "metadataValue": "r1", "visibility": "PROJECT", "location": location}
    opened.batch_update({"requests": [{"createDeveloperMetadata": {"developerMetadata": entry}}]})
    book.sheet.insert_rows(2, 3)
    found = opened.client.request(
        "post",
        f"https://sheets.googleapis.com/v4/spreadsheets/{book.id}/developerMetadata:search",
        json={"dataFilters": [{"developerMetadataLookup": {"metadataKey": "row"}}]},
    ).json()
    (match,) = found["matchedDeveloperMetadata"]
    assert match["developerMetadata"]["location"]["dimensionRange"]["startIndex"] == 4
    assert match["developerMetadata"]["metadataValue"] == "r1"


def test_one_bad_request_undoes_the_whole_call(opened: gspread.Spreadsheet, book: Book) -> None:
    people = book.sheet
    good = {"updateSheetProperties": {"properties": {"sheetId": 0, "title": "New"}, "fields": "title"}}
    bad = {"deleteDimension": {"range": {"sheetId": 7, "dimension": "ROWS", "startIndex": 0, "endIndex": 1}}}
    added = {"addSheet": {"properties": {"title": "More"}}}
    assert refused(opened, good, added, bad) == "Invalid requests[2].deleteDimension: No grid with id: 7"
    assert [sheet.title for sheet in book.worksheets] == ["People"] and people is book.sheet


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        ({"makeCoffee": {}}, UNKNOWN.format("makeCoffee", "requests[0]")),
        ({"addSheet": {"properties": {"titel": "x"}}}, UNKNOWN.format("titel", "requests[0].add_sheet.properties")),
        (
            {"addSheet": {"properties": {"index": "first"}}},
            "Invalid value at 'requests[0].add_sheet.properties.index' (TYPE_INT32), \"first\"",
        ),
        (
            {"appendDimension": {"dimension": "LINES"}},
            "Invalid value at 'requests[0].append_dimension.dimension' (TYPE_ENUM), \"LINES\"",
        ),
        ({"addChart": {}}, "Invalid value at 'requests[0].add_chart': Google has \"addChart\", its stand-in has not"),
        ({}, "Invalid requests[0]: No request set."),
        (
            {"repeatCell": {"range": {"sheetId": 0}, "cell": {}}},
            "Invalid requests[0].repeatCell: At least one field must be listed in 'fields'. "
            "(Use '*' to indicate all fields.)",
        ),
        (
            {"repeatCell": {"range": {"sheetId": 0}, "cell": {}, "fields": "userEnteredFormat.bold"}},
            "Invalid requests[0].repeatCell: Invalid field: userEnteredFormat.bold",
        ),
        (
            {"repeatCell": {"range": {"startRowIndex": 10, "endColumnIndex": 2}, "cell": {}, "fields": "note"}},
            "Invalid requests[0].repeatCell: Range (People!A11:B) exceeds grid limits. Max rows: 10, max columns: 4",
        ),
        (
            {"setDataValidation": {"range": {"sheetId": 0}, "rule": {"condition": {"type": "ONE_OF_LIST"}}}},
            "Invalid requests[0].setDataValidation: ConditionType 'ONE_OF_LIST' must have 1 to 500 ConditionValues; "
            "0 were given.",
        ),
        (
            {"deleteDimension": {"range": {"sheetId": 0, "dimension": "ROWS"}}},
            "Invalid requests[0].deleteDimension: You can't delete all the rows on the sheet.",
        ),
    ],
)
def test_what_google_has_not_is_named(opened: gspread.Spreadsheet, request_: dict[str, Any], sentence: str) -> None:
    assert refused(opened, request_) == sentence


def test_an_unknown_field_of_an_answer_is_named(opened: gspread.Spreadsheet) -> None:
    with pytest.raises(APIError) as error:
        opened.fetch_sheet_metadata({"fields": "sheets.properties.name"})
    (violation,) = error.value.error["details"][0]["fieldViolations"]
    assert violation["description"].endswith("Cannot find matching fields for path 'sheets.properties.name'.")
    with pytest.raises(APIError, match="Cannot bind query parameter"):
        opened.fetch_sheet_metadata({"includeGrid": "true"})
