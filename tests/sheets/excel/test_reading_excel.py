"""A workbook is read as people see it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import python_calamine
import xlsxwriter

from connectors.sheets import NoRows, Number, SheetError, read
from tests.sheets.excel.building import MAIN, by_hand, relations, text_cell

at = datetime.fromisoformat


def shown(path: Path, value: object, code: str = "General", **settings: object) -> str:
    with xlsxwriter.Workbook(path, {"default_date_format": code, **settings}) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "key")
        sheet.write(1, 0, value, book.add_format({"num_format": code}))
    return read(path).rows[0].cells["key"]


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (12, "General", "12"),
        (1234.5, "General", "1234.5"),
        (0.1 + 0.2, "General", "0.3"),
        (1e20, "General", "100000000000000000000"),
        (42, "00000", "00042"),
        (-42, "00000", "-00042"),
        (12, "0.00", "12.00"),
        (1234567.005, "#,##0.00", "1234567.01"),
        (2.5, "0", "3"),
        (5, '"$"#,##0.00', "5.00"),
        (-5.5, '_-* #,##0.00\\ "€"_-;-* #,##0.00\\ "€"_-', "-5.50"),
        (0.125, "0.0%", "12.5%"),
        (0.125, "0%", "13%"),
        (1.256, "0.0#", "1.26"),
        (123456789, "000\\-00\\-0000", "123-45-6789"),
        (42, '"INV-"0000', "INV-0042"),
        (1234, "0.00E+00", "1234"),
        (0.5, "# ?/?", "0.5"),
        (at("2026-12-31"), "dd.mm.yyyy", "2026-12-31"),
        (at("2026-12-31 14:30"), "[$-409]d-mmm-yy h:mm AM/PM;@", "2026-12-31 14:30"),
        (at("2026-12-31 14:30"), "dd/mm/yy", "2026-12-31"),
        (at("2026-12-31 14:30:05"), "yyyy-mm-dd hh:mm:ss", "2026-12-31 14:30:05"),
        (0.604166666666, "hh:mm", "14:30"),
        (1.5, "[h]:mm", "36:00"),
        (True, "General", "TRUE"),
        ("0042", "@", "0042"),
        (" kept ", "General", " kept "),
        ("_x0041_ and _x005F_", "General", "_x0041_ and _x005F_"),
        ("two\nlines & <more>", "General", "two\nlines & <more>"),
    ],
)
def test_a_value_looks_as_in_excel(tmp_path: Path, value: object, code: str, text: str) -> None:
    assert shown(tmp_path / "a.xlsx", value, code) == text


def test_numbers_are_told_from_texts(tmp_path: Path) -> None:
    assert isinstance(shown(tmp_path / "a.xlsx", 1234.5), Number)
    assert not isinstance(shown(tmp_path / "b.xlsx", "1234.5"), Number)
    assert not isinstance(shown(tmp_path / "c.xlsx", 0.5, "0%"), Number)


@pytest.mark.parametrize(
    ("serial", "text"),
    [(0, "1900-01-00"), (1, "1900-01-01"), (59, "1900-02-28"), (60, "1900-02-29"), (61, "1900-03-01"), (-1, "-1")],
)
def test_days_are_counted_as_excel_counts_them(tmp_path: Path, serial: int, text: str) -> None:
    assert shown(tmp_path / "a.xlsx", serial, "yyyy-mm-dd") == text


def test_days_may_be_counted_from_1904(tmp_path: Path) -> None:
    assert shown(tmp_path / "a.xlsx", at("2026-12-31"), "yyyy-mm-dd", date_1904=True) == "2026-12-31"
    assert shown(tmp_path / "b.xlsx", 0, "yyyy-mm-dd", date_1904=True) == "1904-01-01"


def test_formulas_are_read_by_their_values_and_errors_by_their_names(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["sum", "error", "text", "rich"])
        sheet.write_formula(1, 0, "=1+1", None, 2)
        sheet.write_formula(1, 1, "=1/0", None, "#DIV/0!")
        sheet.write_formula(1, 2, '="a"', None, "a")
        sheet.write_rich_string(1, 3, "plain ", book.add_format({"bold": True}), "bold", " plain")
    assert list(read(path).rows[0].cells.values()) == ["2", "#DIV/0!", "a", "plain bold plain"]


def test_a_formula_that_gives_an_empty_text_was_calculated(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    empty = "<c t='str'><f>\"\"</f><v></v></c>"
    path.write_bytes(by_hand(f"<row>{text_cell('key')}{text_cell('b')}</row><row>{text_cell('A')}{empty}</row>"))
    assert read(path).rows[0].cells == {"key": "A", "b": ""}


def test_a_formula_that_was_never_calculated_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(by_hand(f"<row>{text_cell('key')}</row><row r='7'><c r='A7'><f>1+1</f></c></row>"))
    with pytest.raises(SheetError, match="cell A7: its formula was never calculated: open the workbook in Excel"):
        read(path)


def test_a_formula_outside_the_named_columns_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    rows = f"<row>{text_cell('key')}</row><row>{text_cell('A')}<c r='D2'><f>1+1</f></c></row>"
    path.write_bytes(by_hand(rows))
    assert [row.cells for row in read(path).rows] == [{"key": "A"}]


def test_hidden_rows_are_left_out_and_hidden_columns_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for index, row in enumerate([("key", "b"), ("A", "1"), ("B", "2"), ("C", "3")]):
            sheet.write_row(index, 0, row)
        sheet.set_row(2, None, None, {"hidden": True})
        sheet.set_column(1, 1, None, None, {"hidden": True})
    found = read(path)
    assert [(row.number, row.cells) for row in found.rows] == [(2, {"key": "A", "b": "1"}), (4, {"key": "C", "b": "3"})]
    assert found.notes == ("1 hidden row is left out: 3.",)


def test_merged_headers_are_refused_and_merged_cells_below_are_read_as_excel_has_them(tmp_path: Path) -> None:
    for name, header_row in (("bad.xlsx", 0), ("good.xlsx", 1)):
        with xlsxwriter.Workbook(tmp_path / name) as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, ["key", "a", "b"])
            sheet.write_row(1, 0, ["A", "", ""])
            sheet.merge_range(header_row, 1, header_row, 2, "both")
    with pytest.raises(SheetError, match="B1:C1 is merged"):
        read(tmp_path / "bad.xlsx")
    assert read(tmp_path / "good.xlsx").rows[0].cells == {"key": "A", "a": "both", "b": ""}


def test_the_first_visible_worksheet_is_read_and_any_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "people.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name in ("Secret", "Staff", "Empty", "Guests & more"):
            sheet = book.add_worksheet(name)
            if name != "Empty":
                sheet.write_column(0, 0, ["key", name])
        book.worksheets()[0].hide()
        book.worksheets()[1].activate()
    found = read(path)
    assert found.rows[0].cells == {"key": "Staff"}
    assert found.notes == (
        "Read the worksheet 'Staff', the first one: another is named like people.xlsx#Guests & more.",
    )
    assert read(f"{path}#Guests & more").rows[0].cells == {"key": "Guests & more"}
    assert read(f"{path}#Secret").notes == ()
    with pytest.raises(SheetError, match="no worksheet 'staff': it has 'Secret', 'Staff', 'Empty', 'Guests & more'"):
        read(f"{path}#staff")


def test_only_one_filled_worksheet_needs_no_note(tmp_path: Path) -> None:
    path = tmp_path / "people.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet().write_column(0, 0, ["key", "A"])
        book.add_worksheet().set_column(0, 0, 20)
    assert read(path).notes == ()


def test_the_header_is_the_first_row_that_is_not_blank(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write(1, 0, " ")
        sheet.write_column(3, 2, [" key ", "A", "", "B"])
    assert [(row.number, row.cells) for row in read(path).rows] == [(5, {"key": "A"}), (7, {"key": "B"})]


def test_headers_only_say_so(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet().write_row(0, 0, ["key", "b"])
    with pytest.raises(NoRows, match="no rows below its header"):
        read(path)


def test_references_prefixes_and_phonetics_are_what_other_programs_make_of_them(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    rows = "".join(
        f"<x:row><x:c t='s'><x:v>{index}</x:v></x:c><x:c><x:v>{index}</x:v></x:c></x:row>" for index in range(2)
    )
    strict = "http://purl.oclc.org/ooxml/spreadsheetml/main"
    sheet = f'<x:worksheet xmlns:x="{strict}"><x:sheetData>{rows}</x:sheetData></x:worksheet>'
    texts = (
        f'<sst xmlns="{MAIN}"><si><t>ke</t><rPh sb="0" eb="1"><t>NO</t></rPh></si>'
        "<si><r><t>A</t></r><r><rPr/><t>_x000D_B</t></r></si></sst>"
    )
    path.write_bytes(by_hand("", **{"xl/worksheets/sheet1.xml": sheet, "xl/texts.xml": texts}))
    assert [row.cells for row in read(path).rows] == [{"ke": "A\rB", "0": "1"}]


def test_dates_kept_as_texts_are_dates(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    days = "<c t='d'><v>2026-12-31T00:00:00</v></c><c t='d'><v>2026-12-31T14:30:00</v></c>"
    path.write_bytes(by_hand(f"<row>{text_cell('a')}{text_cell('b')}</row><row>{days}</row>"))
    assert read(path).rows[0].cells == {"a": "2026-12-31", "b": "2026-12-31 14:30"}


def test_parts_are_found_wherever_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    content = by_hand(
        "",
        **{
            "xl/_rels/workbook.xml.rels": relations(worksheet="/else/Where.xml"),
            "else/where.xml": f"<worksheet xmlns='{MAIN}'><sheetData><row>{text_cell('key')}</row>"
            f"<row>{text_cell('A')}</row></sheetData></worksheet>",
        },
    )
    path.write_bytes(content)
    assert read(path).rows[0].cells == {"key": "A"}


def test_another_reader_sees_the_same_texts(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["text", "whole", "part"])
        for row in range(1, 50):
            sheet.write_row(row, 0, [f"text {row} é 漢字 😀", row, row * 1.25])
    theirs = python_calamine.load_workbook(path).get_sheet_by_index(0).to_python()
    ours = [list(row.cells.values()) for row in read(path).rows]
    assert ours == [[str(text), f"{whole:g}", f"{part:g}"] for text, whole, part in theirs[1:]]
