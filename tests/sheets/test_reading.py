"""What people's spreadsheet programs write, and how it is read."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sheets import NoRows, SheetError, read
from connectors.sheets.text.csvtext import Dialect, sniff

TEXT = "company,signer_name\nExample Company 01,Signer One\n"


def sheet(folder: Path, content: str | bytes, name: str = "sheet.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_told_by_the_header(tmp_path: Path, delimiter: str) -> None:
    path = sheet(tmp_path, f'"a, b; c"{delimiter}name\n1{delimiter}"x{delimiter}y"\n')
    assert read(path).rows[0].cells == {"a, b; c": "1", "name": f"x{delimiter}y"}


def test_the_delimiter_is_told_by_a_sep_line_that_is_not_a_row(tmp_path: Path) -> None:
    found = read(sheet(tmp_path, "sep=;\r\na;b,c,d\r\n1;2\r\n"))
    assert found.columns == ("a", "b,c,d")
    assert found.rows[0].number == 2


def test_a_tsv_file_is_separated_by_tabs_whatever_its_header_holds(tmp_path: Path) -> None:
    assert read(sheet(tmp_path, "a,b,c\n1,2\n", "sheet.tsv")).columns == ("a,b,c",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_names_are_read_in_the_encoding_they_were_written_in(tmp_path: Path, encoding: str) -> None:
    text = "company;signer_name\r\nÅngström & Söhne;Signer Größe\r\n"
    found = read(sheet(tmp_path, text.encode(encoding)))
    assert found.columns == ("company", "signer_name")
    assert found.rows[0].cells == {"company": "Ångström & Söhne", "signer_name": "Signer Größe"}


def test_row_numbers_are_those_excel_shows(tmp_path: Path) -> None:
    found = read(sheet(tmp_path, 'a,b\n\n1,"two\nlines"\n,\n , \n3,4\n'))
    assert [(row.number, row.cells["a"]) for row in found.rows] == [(3, "1"), (6, "3")]


def test_values_stay_as_they_are_displayed(tmp_path: Path) -> None:
    found = read(sheet(tmp_path, "a,b,c,d\n007, x ,1.0,TRUE\n"))
    assert found.rows[0].cells == {"a": "007", "b": " x ", "c": "1.0", "d": "TRUE"}


def test_short_rows_have_empty_cells_and_cells_without_a_column_are_left_out(tmp_path: Path) -> None:
    found = read(sheet(tmp_path, " a ,,b\n1\n1,2,3,4\n"))
    assert found.columns == ("a", "b")
    assert [row.cells for row in found.rows] == [{"a": "1", "b": ""}, {"a": "1", "b": "3"}]


def test_a_row_with_nothing_but_our_columns_is_blank(tmp_path: Path) -> None:
    with pytest.raises(NoRows, match=r"has no rows below its header \(row 1\)"):
        read(sheet(tmp_path, "a,esign status\n,sent\n"))


def test_a_link_is_the_sheet_it_points_to(tmp_path: Path) -> None:
    path = sheet(tmp_path, TEXT)
    (tmp_path / "link.csv").symlink_to(path)
    assert read(tmp_path / "link.csv").place == str(path.resolve())


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("sheet.csv", "", "is empty: the first row has to name the columns"),
        ("sheet.csv", "a,b\n , \n", "has no rows below its header"),
        ("sheet.csv", ",".join(map(str, range(20_000))), "has more than 1,000 columns"),
        ("sheet.csv", "a,b\n1," + "x" * 10_000_000, "row 2: a cell holds more than 100,000 characters"),
        ("sheet.csv", b"%PDF-1.7\n1 0 obj\n", "holds a PDF, whatever its name says"),
        ("sheet.csv", "a,b\n1,\0\n", "is not a text file"),
        ("sheet.csv", "a,b, a\n1,2,3\n", "the column 'a' is there twice"),
        ("sheet.csv", "a,Esign ID\n1,2\n", "the column 'Esign ID' is nearly our 'esign id': write it like that"),
        ("sheet.csv", "a,esign_waiting  for\n1,2\n", "is nearly our 'esign waiting for'"),
        ("sheet.csv", b"PK\x03\x04\x00\x00\x00\xff\xfe", "holds a workbook or an archive"),
        ("sheet.csv", b"\xff\xfea", "is not a text file"),
        ("sheet.csv", 'a,b\n1,2\n3,"open\n5,6\n', "row 3: the quotation marks do not match"),
        ("sheet.csv", 'a,b\n"1"x,2\n', "row 2: the quotation marks do not match"),
        ("sheet.doc", "", "a sheet is a .csv, .tsv, .xlsx or .ods file"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(tmp_path: Path, name: str, content: str | bytes, said: str) -> None:
    path = sheet(tmp_path, content, name)
    with pytest.raises(SheetError) as caught:
        read(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_sheet_is_named(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match=r"There is no sheet at .*nowhere\.csv: check the path\."):
        read(tmp_path / "nowhere.csv")


def test_folders_addresses_and_paths_that_lead_nowhere_are_told_from_a_sheet(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(SheetError, match="is a folder"):
        read(tmp_path / "folder.csv")
    for name in ("a" * 300 + ".txt", "a" * 300 + ".csv", "~nobody-of-that-name/people.csv"):
        with pytest.raises(SheetError, match=r"aaa|leads nowhere: give the sheet's own path"):
            read(name)
    (tmp_path / "circle.csv").symlink_to("circle.csv")
    with pytest.raises(SheetError, match="leads nowhere"):
        read(tmp_path / "circle.csv")
    with pytest.raises(SheetError, match="no Google spreadsheet: copy it from the browser"):
        read("https://sheets.example.com/1")


TEXTS = st.text(alphabet='ab ,;\t"\r\nä', max_size=40)


@given(TEXTS, st.sampled_from(",;\t"))
def test_a_text_taken_apart_and_put_together_is_the_same_text(text: str, delimiter: str) -> None:
    dialect = Dialect(delimiter)
    assert "".join(dialect.join(dialect.rows(text))) == text


@given(st.lists(st.lists(st.text(alphabet='ab ,;\t"\r\nä', max_size=5), min_size=1, max_size=4), max_size=5))
def test_rows_are_those_that_pythons_csv_finds(rows: list[list[str]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    dialect = Dialect(",")
    found = dialect.rows(file.getvalue())
    assert [dialect.values(row) for row in found] == rows
    assert [len(dialect.record(row).cells) for row in found] == [len(row) for row in rows]
    assert [dialect.put_together(dialect.record(row)) for row in found] == found


def test_a_file_that_quotes_everything_is_recognised() -> None:
    assert sniff('"a";"b"\n').quote_all
    assert not sniff('"a";b\n').quote_all
