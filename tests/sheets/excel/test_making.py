"""A new sheet tells its owner what to fill in, and what is in it is read again as it was."""

from __future__ import annotations

import tempfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sheets import OUR_COLUMNS, SheetError, read
from connectors.sheets.making import ColumnPlan, make
from recipes.loading import load
from recipes.sheets import column_plans, sample_rows
from tests.examples import examples
from tests.sheets.excel.building import result, write

COLUMNS = (
    ColumnPlan("key", note="The number of the contract."),
    ColumnPlan("email", "email"),
    ColumnPlan("phone", "phone", required=False),
    ColumnPlan("start", "date", note="The first day."),
    ColumnPlan("amount", "money"),
    ColumnPlan("share", "number"),
    ColumnPlan("count", "integer"),
    ColumnPlan("kind", "choice", choices=("full", "part, or less")),
    ColumnPlan("sure", "yes_no"),
    ColumnPlan("page", "url"),
)
SAMPLE = {
    "key": "007",
    "email": "signer1@example.com",
    "phone": "+49 1515 0000001",
    "start": "2026-12-31",
    "amount": "1250.50",
    "share": "0.125",
    "count": "12",
    "kind": "part, or less",
    "sure": "yes",
    "page": "https://example.com/a",
}


@pytest.mark.parametrize("ending", ["xlsx", "csv", "tsv"])
def test_the_sample_row_is_read_as_it_was_given(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"new.{ending}"
    make(path, COLUMNS, [SAMPLE])
    found = read(path)
    assert found.columns == (*SAMPLE, *OUR_COLUMNS)
    assert found.notes == ()
    assert found.rows[0].cells == SAMPLE | dict.fromkeys(OUR_COLUMNS, "")


def test_a_workbook_helps_to_fill_it_in(tmp_path: Path) -> None:
    path = tmp_path / "new.xlsx"
    make(path, COLUMNS, [SAMPLE])
    book = openpyxl.load_workbook(path)
    sheet = book.active
    assert sheet.freeze_panes == "A2"
    assert sheet["A1"].font.bold
    assert not sheet["K1"].font.bold
    assert sheet["A1"].comment.text.endswith("The number of the contract.")
    assert "May stay empty." in sheet["C1"].comment.text
    assert {str(rule.sqref): rule.type for rule in sheet.data_validations.dataValidation} == {
        "D2:D1048576": "date",
        "H2:H1048576": "list",
        "I2:I1048576": "list",
    }
    assert [sheet[f"{letter}2"].number_format for letter in "ACDE"] == ["@", "@", "yyyy-mm-dd", "0.00"]
    assert [sheet[f"{letter}2"].data_type for letter in "ACDEFG"] == ["s", "s", "d", "n", "n", "n"]
    # An empty row keeps its formats, so that what is typed there stays as it is.
    assert sheet.column_dimensions["A"].width >= 10


def test_results_find_their_place_in_a_new_workbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESIGN_EXCEL", "in-place")
    path = tmp_path / "new.xlsx"
    make(path, COLUMNS, [SAMPLE])
    assert write(path, result(2, "007", status="sent")) == []
    assert read(path).columns == (*SAMPLE, *OUR_COLUMNS)
    assert read(path).rows[0].cells["esign status"] == "sent"


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_what_is_there_is_never_overwritten(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"new.{ending}"
    path.write_text("kept")
    with pytest.raises(SheetError, match="is already there: choose another name"):
        make(path, COLUMNS)
    assert path.read_text() == "kept"
    with pytest.raises(SheetError, match="cannot be written"):
        make(tmp_path / "no such folder" / path.name, COLUMNS)


def test_an_opendocument_sheet_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match=r"is made as \.xlsx or \.csv"):
        make(tmp_path / "new.ods", COLUMNS)
    with pytest.raises(SheetError, match=r"has no macros: make it as \.xlsx"):
        make(tmp_path / "new.xlsm", COLUMNS)
    assert list(tmp_path.iterdir()) == []


def test_the_worksheet_has_the_name_it_is_asked_for_by(tmp_path: Path) -> None:
    make(f"{tmp_path}/new.xlsx#Staff 2026", COLUMNS, [SAMPLE])
    assert read(f"{tmp_path}/new.xlsx#Staff 2026").rows[0].cells["key"] == "007"
    with pytest.raises(SheetError, match="worksheet"):
        make(f"{tmp_path}/other.xlsx#a/b", COLUMNS)
    assert not (tmp_path / "other.xlsx").exists()


def test_a_number_smaller_than_excel_can_hold_stays_the_text_it_was(tmp_path: Path) -> None:
    make(tmp_path / "new.xlsx", [ColumnPlan("share", "number")], [{"share": "5e-324"}])
    assert read(tmp_path / "new.xlsx").rows[0].cells["share"] == "5e-324"


def test_a_note_is_all_that_a_header_says_and_says_nothing_twice(tmp_path: Path) -> None:
    plans = column_plans(load("nda"))
    make(tmp_path / "new.xlsx", plans, sample_rows(load("nda")))
    notes = {cell.value: cell.comment.text for cell in openpyxl.load_workbook(tmp_path / "new.xlsx").active[1]}
    assert notes["signer_title"] == "What that person is there. May stay empty. Example: Head of Purchasing"
    assert notes["signer_email"].count("An e-mail address.") == 1


XML = st.characters(
    codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff", include_characters="\t\n"
)
TEXTS = st.text(XML, max_size=40)
NAMES = st.text(XML, min_size=1, max_size=20).map(str.strip).filter(lambda name: name and name not in OUR_COLUMNS)
VALUES = {
    "text": TEXTS,
    "email": TEXTS,
    "phone": st.from_regex(r"\A\+?[0-9 ]{0,20}\Z"),
    "date": st.dates().map(str),
    "money": st.decimals(-(10**12), 10**12, places=2).map(str),
    "number": st.one_of(st.floats(allow_nan=False, allow_infinity=False).map(str), st.integers().map(str)),
    "integer": st.integers().map(str),
    "choice": TEXTS,
    "yes_no": st.sampled_from(["yes", "no", ""]),
    "url": st.text(XML, max_size=40).map(lambda rest: f"https://example.com/{rest}"),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[ColumnPlan], list[dict[str, str]]]:
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    plans = [ColumnPlan(name, draw(st.sampled_from(sorted(VALUES))), draw(TEXTS)) for name in names]  # type: ignore[arg-type] # they are kinds
    row = st.fixed_dictionaries({plan.name: VALUES[plan.kind] for plan in plans})
    return plans, draw(st.lists(row, max_size=5))


@settings(max_examples=examples(60), deadline=None)
@given(tables(), st.sampled_from(["xlsx", "csv"]))
def test_any_table_made_by_us_is_read_again_as_it_was(
    table: tuple[list[ColumnPlan], list[dict[str, str]]], ending: str
) -> None:
    plans, rows = table
    filled = [row for row in rows if any(text.strip() for text in row.values())]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"new.{ending}")
        make(path, plans, rows)
        if filled:
            found = [{plan.name: row.cells[plan.name] for plan in plans} for row in read(path).rows]
            assert found == filled
