"""By default results go beside a workbook, and the workbook is never touched."""

from __future__ import annotations

import csv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from connectors.sheets import OUR_COLUMNS, SheetError, read, signature
from tests.sheets.excel.building import parts_of, result, simple, untouched, write
from tests.sheets.excel.documents import document

TABLE = (("key", "name"), ("A", "One"), ("B", "Two"))


@pytest.fixture(autouse=True)
def beside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ESIGN_EXCEL", raising=False)


def statuses(path: Path) -> dict[str, str]:
    return {row.cells["key"]: row.cells.get("esign status", "") for row in read(path).rows}


def edit(path: Path, change: object) -> None:
    book = openpyxl.load_workbook(path)
    change(book.active)  # type: ignore[operator] # openpyxl brings no types
    book.save(path)


def test_the_workbook_stays_and_the_copy_shows_the_results(tmp_path: Path) -> None:
    path = simple(tmp_path / "people.xlsx", *TABLE)
    before = path.read_bytes()
    assert write(path, result(2, "A", status="sent", id="aaaaaa:req_1")) == []
    assert path.read_bytes() == before
    status = tmp_path / "people.status.xlsx"
    assert statuses(status) == {"A": "sent", "B": ""}
    assert sorted(file.name for file in tmp_path.iterdir()) == ["people.status.xlsx", "people.xlsx"]
    assert [cell.value for cell in openpyxl.load_workbook(status).active[1]] == ["key", "name", *OUR_COLUMNS]
    ours, theirs = parts_of(status), parts_of(path)
    assert [name for name in theirs if theirs[name] != ours[name]] == ["xl/worksheets/sheet1.xml"]


def test_the_copy_carries_over_what_it_shows_of_other_rows(tmp_path: Path) -> None:
    path = simple(tmp_path / "people.xlsx", *TABLE)
    status = tmp_path / "people.status.xlsx"
    write(path, result(2, "A", status="sent", sent="today", id="aaaaaa:req_1"))
    write(path, result(3, "B", status="sent", id="aaaaaa:req_2"))
    assert statuses(status) == {"A": "sent", "B": "sent"}
    write(path, result(2, "A", status="signed", id="aaaaaa:req_1"))
    rows = {row.cells["key"]: row.cells for row in read(status).rows}
    assert rows["A"]["esign status"] == "signed"
    assert rows["A"]["esign sent"] == "today"
    assert rows["B"]["esign id"] == "aaaaaa:req_2"


def test_what_people_change_in_the_workbook_comes_into_the_copy(tmp_path: Path) -> None:
    path = simple(tmp_path / "people.xlsx", *TABLE)
    write(path, result(2, "A", status="sent", id="aaaaaa:req_1"), result(3, "B", status="sent", id="aaaaaa:req_2"))

    def sort_and_insert(sheet) -> None:  # type: ignore[no-untyped-def] # openpyxl brings no types
        for row, values in enumerate([("C", "New"), ("B", "Two!"), ("A", "One")], start=2):
            for column, value in enumerate(values, start=1):
                sheet.cell(row, column, value)

    edit(path, sort_and_insert)
    write(path, result(3, "B", status="signed", id="aaaaaa:req_2"))
    status = tmp_path / "people.status.xlsx"
    assert statuses(status) == {"C": "", "B": "signed", "A": "sent"}
    assert read(status).rows[1].cells["name"] == "Two!"


def test_a_row_that_is_gone_is_handed_back_once_it_has_a_result_and_leaves_the_copy(tmp_path: Path) -> None:
    path = simple(tmp_path / "people.xlsx", *TABLE)
    write(path, result(2, "A", status="sent", id="aaaaaa:req_1"), result(3, "B", status="sent", id="aaaaaa:req_2"))
    edit(path, lambda sheet: sheet.delete_rows(2))
    gone = result(2, "A", status="signed", id="aaaaaa:req_1")
    assert write(path, gone, result(3, "B", status="signed", id="aaaaaa:req_2")) == [gone]
    assert statuses(tmp_path / "people.status.xlsx") == {"B": "signed"}


def test_a_second_call_touches_neither_file(tmp_path: Path) -> None:
    path = simple(tmp_path / "people.xlsx", *TABLE)
    results = (result(2, "A", status="sent", problem="=a"), result(3, "B", status="sent"))
    write(path, *results)
    status = tmp_path / "people.status.xlsx"
    before = untouched(path), untouched(status)
    write(path, *results)
    write(path, results[1])
    assert (untouched(path), untouched(status)) == before


def test_nothing_to_show_makes_no_copy(tmp_path: Path) -> None:
    path = simple(tmp_path / "people.xlsx", *TABLE)
    gone = result(9, "Z", status="sent")
    assert write(path, gone) == [gone]
    assert [file.name for file in tmp_path.iterdir()] == ["people.xlsx"]


def test_a_copy_that_somebody_saved_is_not_overwritten(tmp_path: Path) -> None:
    path = simple(tmp_path / "people.xlsx", *TABLE)
    write(path, result(2, "A", status="sent"))
    status = tmp_path / "people.status.xlsx"
    edit(status, lambda sheet: sheet.cell(3, 2, "a remark"))
    before = untouched(status)
    with pytest.raises(SheetError, match=r"people\.status\.xlsx was saved by somebody since we wrote it: rename it"):
        write(path, result(2, "A", status="signed"))
    assert untouched(status) == before
    status.rename(tmp_path / "mine.xlsx")
    write(path, result(2, "A", status="signed"))
    assert statuses(status) == {"A": "signed", "B": ""}


def test_a_file_of_somebody_elses_under_the_copys_name_is_not_overwritten(tmp_path: Path) -> None:
    path = simple(tmp_path / "people.xlsx", *TABLE)
    theirs = simple(tmp_path / "people.status.xlsx", *TABLE)
    before = untouched(theirs)
    with pytest.raises(SheetError, match="rename it"):
        write(path, result(2, "A", status="sent"))
    assert untouched(theirs) == before


def test_a_copy_that_is_open_is_left_alone_and_an_open_workbook_is_read(tmp_path: Path) -> None:
    path = simple(tmp_path / "people.xlsx", *TABLE)
    (tmp_path / "~$people.xlsx").touch()
    assert write(path, result(2, "A", status="sent")) == []
    (tmp_path / "~$people.status.xlsx").touch()
    with pytest.raises(SheetError, match=r"people\.status\.xlsx is open in Excel"):
        write(path, result(2, "A", status="signed"))
    assert statuses(tmp_path / "people.status.xlsx")["A"] == "sent"


def test_each_worksheet_asked_for_by_name_has_a_copy_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "people.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name in ("One", "Two"):
            book.add_worksheet(name).write_column(0, 0, ["key", f"{name} A"])
    write(f"{path}#One", result(2, "One A", status="sent"))
    write(f"{path}#Two", result(2, "Two A", status="signed"))
    assert read(f"{tmp_path}/people.One.status.xlsx#One").rows[0].cells["esign status"] == "sent"
    assert read(f"{tmp_path}/people.Two.status.xlsx#Two").rows[0].cells["esign status"] == "signed"


def test_rows_with_one_key_keep_their_own_statuses(tmp_path: Path) -> None:
    path = simple(tmp_path / "people.xlsx", ("key", "name"), ("A", "One"), ("A", "Two"), ("", "Three"))
    write(path, result(2, "A", status="sent", id="aaaaaa:req_1"), result(3, "A", status="refused"))
    write(path, result(4, None, status="refused", problem="no key"))
    shown = [row.cells["esign status"] for row in read(tmp_path / "people.status.xlsx").rows]
    assert shown == ["sent", "refused", "refused"]


def test_the_signature_tells_whether_either_file_was_saved(tmp_path: Path) -> None:
    path = simple(tmp_path / "people.xlsx", *TABLE)
    assert signature(path)
    assert signature(path) != signature(simple(tmp_path / "other.xlsx", *TABLE))
    write(path, result(2, "A", status="sent"))
    status = tmp_path / "people.status.xlsx"
    left = signature(path)
    assert left
    assert signature(path) == left
    edit(path, lambda sheet: sheet.cell(2, 2, "changed"))
    assert signature(path) != left
    left = signature(path)
    status.unlink()
    assert signature(path) != left
    path.unlink()
    assert signature(path) == ()


def test_the_signature_tells_that_somebody_saved_the_copy(tmp_path: Path) -> None:
    path = simple(tmp_path / "people.xlsx", *TABLE)
    write(path, result(2, "A", status="sent"))
    left = signature(path)
    status = tmp_path / "people.status.xlsx"
    edit(status, lambda sheet: sheet.cell(2, 2, "changed"))
    assert signature(path) != left


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    path = simple(tmp_path / "people.xlsx", ("key",), *((f"k{at}",) for at in range(12)))
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda at: write(path, result(at + 2, f"k{at}", status=f"s{at}")), range(12)))
    assert answers == [[]] * 12
    assert statuses(tmp_path / "people.status.xlsx") == {f"k{at}": f"s{at}" for at in range(12)}


def test_what_the_copy_cannot_be_made_of_is_said(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="There is no sheet at"):
        write(tmp_path / "none.xlsx", result(2, "A", status="sent"))
    assert list(tmp_path.iterdir()) == []


def test_an_opendocument_sheet_gets_a_csv(tmp_path: Path) -> None:
    path = document(tmp_path / "people.ods", [["key", "name"], ["A", "Ödön, the 1st"], ["B", "Two"]])
    before = path.read_bytes()
    status = tmp_path / "people.status.csv"
    assert write(path, result(2, "A", status="sent", id="aaaaaa:req_1")) == []
    assert write(path, result(3, "B", status="sent"), result(4, "C", status="sent")) == [result(4, "C", status="sent")]
    assert path.read_bytes() == before
    assert status.read_bytes().startswith(b"\xef\xbb\xbf")
    with status.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["key", "name", *OUR_COLUMNS]
    assert rows[1][:3] == ["A", "Ödön, the 1st", "sent"]
    assert rows[2][:3] == ["B", "Two", "sent"]
    assert signature(path)
    left = untouched(status)
    write(path, result(3, "B", status="sent"))
    assert untouched(status) == left


def test_a_csv_that_somebody_saved_is_not_overwritten(tmp_path: Path) -> None:
    path = document(tmp_path / "people.ods", [["key"], ["A"]])
    write(path, result(2, "A", status="sent"))
    status = tmp_path / "people.status.csv"
    status.write_text(status.read_text(encoding="utf-8-sig").replace("sent", "mine"), encoding="utf-8-sig")
    with pytest.raises(SheetError, match=r"people\.status\.csv was saved by somebody"):
        write(path, result(2, "A", status="signed"))
    assert "mine" in status.read_text(encoding="utf-8-sig")
