"""Results go into our own cells of a workbook, and every other byte of it stays."""

from __future__ import annotations

import re
import struct
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
import python_calamine
import xlsxwriter

from connectors.sheets import OUR_COLUMNS, SheetError, read
from tests.sheets.excel.building import (
    MAIN,
    by_hand,
    parts_of,
    result,
    simple,
    text_cell,
    untouched,
    write,
)

SHEET = "xl/worksheets/sheet1.xml"
TABLE = (("key", "name"), ("A", "One"), ("B", "Two"))


@pytest.fixture(autouse=True)
def in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESIGN_EXCEL", "in-place")


def everything(path: Path) -> Path:
    """A workbook with all that other programs lose."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("People")
        other = book.add_worksheet("Other")
        other.write_formula(0, 0, "=SUM(People!C2:C3)", None, 3)
        sheet.write_row(0, 0, ["key", "name", "amount", "double"], book.add_format({"bold": True}))
        for row, values in enumerate([("A", "One", 1), ("B", "Two", 2)], start=1):
            sheet.write_row(row, 0, values)
            sheet.write_formula(row, 3, f"=C{row + 1}*2", None, values[2] * 2)
        chart = book.add_chart({"type": "column"})
        chart.add_series({"values": "=People!$C$2:$C$3"})
        sheet.insert_chart("F10", chart)
        sheet.insert_textbox("A10", "a text box")
        sheet.insert_button("C10", {"caption": "Press"})
        sheet.add_sparkline("E2", {"range": "People!C2:C3"})
        sheet.conditional_format("C2:C3", {"type": "data_bar"})
        sheet.data_validation("B2:B3", {"validate": "list", "source": ["One", "Two"]})
        sheet.write_comment("A1", "a note")
        sheet.autofilter("A1:D3")
        sheet.merge_range("A6:B6", "together")
        sheet.write_url("A8", "https://example.com/?a=1&b=2", string="a link")
        book.define_name("Amounts", "=People!$C$2:$C$3")
        book.set_custom_property("Kept", "yes")
    return path


def entries(path: Path) -> dict[str, tuple[bytes, ...]]:
    """Each part's packed bytes and all that the archive says about it but its place."""
    raw = path.read_bytes()
    found = {}
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            named, extended = struct.unpack_from("<2H", raw, info.header_offset + 26)
            start = info.header_offset + 30 + named + extended
            about = (info.date_time, info.external_attr, info.flag_bits, info.extra, info.create_system, info.CRC)
            local = raw[info.header_offset : start]
            found[info.filename] = (raw[start : start + info.compress_size], local, repr(about).encode())
    return found


def test_all_other_parts_stay_byte_for_byte_and_other_programs_read_the_result(tmp_path: Path) -> None:
    path = everything(tmp_path / "people.xlsx")
    before, parts = entries(path), parts_of(path)
    assert write(path, result(2, "A", status="sent", id="aaaaaa:req_1"), result(3, "B", status="signed")) == []
    after = entries(path)
    assert list(after) == list(before)
    assert {name: entry for name, entry in after.items() if name != SHEET} == {
        name: entry for name, entry in before.items() if name != SHEET
    }
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
    # Of the worksheet itself nothing but what we say we change is gone.
    was, now = parts[SHEET].decode(), parts_of(path)[SHEET].decode()
    assert is_subsequence(re.sub(r' (spans|ref)="[A\d:D]*"', "", was), now)
    assert was[was.index("</sheetData>") :] == now[now.index("</sheetData>") :]
    sheet = openpyxl.load_workbook(path)["People"]
    # The sparkline has column E for itself.
    headers = [cell.value for cell in sheet[1]]
    assert headers == ["key", "name", "amount", "double", None, *OUR_COLUMNS]
    assert [sheet["F2"].value, sheet["M2"].value, sheet["F3"].value] == ["sent", "aaaaaa:req_1", "signed"]
    assert sheet["D2"].value == "=C2*2"
    rows = python_calamine.load_workbook(path).get_sheet_by_name("People").to_python()
    assert rows[1][5] == "sent"
    assert rows[1][:4] == ["A", "One", 1, 2]


def is_subsequence(short: str, long: str) -> bool:
    rest = iter(long)
    return all(char in rest for char in short)


def test_macros_stay(tmp_path: Path) -> None:
    macros = bytes(range(256)) * 20
    path = tmp_path / "people.xlsm"
    rows = f"<row>{text_cell('key')}</row><row>{text_cell('A')}</row>"
    path.write_bytes(by_hand(rows, **{"xl/vbaProject.bin": macros}))
    write(path, result(2, "A", status="sent"))
    assert parts_of(path)["xl/vbaProject.bin"] == macros
    assert read(path).rows[0].cells["esign status"] == "sent"


def test_a_second_call_does_not_touch_the_file(tmp_path: Path) -> None:
    path = simple(tmp_path / "a.xlsx", *TABLE)
    results = (result(2, "A", status="sent, =SUM(A1)", problem="a  b"), result(3, "B", status=""))
    write(path, *results)
    before = untouched(path)
    write(path, *results)
    assert untouched(path) == before
    write(path, result(9, "gone", status="sent"))
    assert untouched(path) == before


def test_only_cells_that_say_something_else_change(tmp_path: Path) -> None:
    path = simple(tmp_path / "a.xlsx", *TABLE)
    write(path, result(2, "A", status="sent"), result(3, "B", status="sent"))
    before = parts_of(path)[SHEET].decode()
    write(path, result(2, "A", status="signed"))
    assert parts_of(path)[SHEET].decode() == before.replace(">sent<", ">signed<", 1)


def test_a_result_whose_row_is_gone_is_handed_back(tmp_path: Path) -> None:
    path = simple(tmp_path / "a.xlsx", *TABLE)
    gone = result(4, "C", status="sent")
    assert write(path, result(2, "A", status="sent"), gone) == [gone]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "=cmd|' /C calc'!A0", "\t=1", "a;=1"])
def test_nothing_of_ours_can_be_a_formula(tmp_path: Path, text: str) -> None:
    path = simple(tmp_path / "a.xlsx", *TABLE)
    write(path, result(2, "A", problem=text))
    cell = openpyxl.load_workbook(path).active["H2"]
    assert cell.data_type == "s"
    assert "'" in cell.value
    assert b"<f" not in parts_of(path)[SHEET]


def test_what_xml_cannot_hold_and_what_it_means_otherwise_comes_back_as_it_can(tmp_path: Path) -> None:
    path = simple(tmp_path / "a.xlsx", *TABLE)
    write(path, result(2, "A", problem="a\x01b <&> \"'\ufffe _x0041_ ]]> 😀", document="x" * 40_000))
    cells = read(path).rows[0].cells
    assert cells["esign problem"] == "a?b <&> \"'? _x0041_ ]]> 😀"
    assert len(cells["esign document"]) == 32_767


def test_rows_and_cells_of_other_programs_are_filled_in(tmp_path: Path) -> None:
    """Prefixes, single quotes, comments, missing references, empty rows, self-closed cells, attributes in any order."""
    x = "http://purl.oclc.org/ooxml/spreadsheetml/main"
    rows = (
        "<x:row spans='1:2' r='2' ht=\"20\"><x:c t='inlineStr'><x:is><x:t>key</x:t></x:is></x:c>"
        "<!-- <x:c r='K9'/> --><x:c r='C2' t='inlineStr'><x:is><x:t><![CDATA[</x:row><esign]]></x:t></x:is></x:c>"
        "</x:row>"
        "<x:row\n r='4' >\n<x:c s='3' r='A4' t='str'><x:v>A</x:v></x:c><?pi >?>\n<x:c r='D4' s=\"7\"/></x:row >"
        "<x:row r='5'/><x:row><x:c t='str'><x:v>B</x:v></x:c></x:row>"
    )
    content = (
        f"\ufeff<?xml version='1.0' encoding='UTF-8'?><x:worksheet xmlns:x='{x}' a='>'><x:dimension ref='A2:C6'/>"
        f"<x:sheetData>{rows}</x:sheetData><x:extLst><x:row>kept</x:row></x:extLst></x:worksheet>"
    ).replace("<x:row>kept</x:row>", "<x:ext>kept</x:ext>")
    path = tmp_path / "a.xlsx"
    path.write_bytes(by_hand("", **{SHEET: content.encode()}))
    assert write(path, result(4, "A", status="sent", id="a:1"), result(6, "B", status="signed")) == []
    cells = [row.cells for row in read(path).rows]
    assert [(row["key"], row["esign status"], row["esign id"]) for row in cells] == [
        ("A", "sent", "a:1"),
        ("B", "signed", ""),
    ]
    now = parts_of(path)[SHEET].decode()
    assert '<x:dimension ref="A2:K6"/>' in now
    assert '<x:row spans="1:11" r=\'2\' ht="20">' in now
    assert '<x:c r="D4" s="7" t="inlineStr"><x:is><x:t>sent</x:t></x:is></x:c>' in now
    assert "<!-- <x:c r='K9'/> -->" in now
    assert "<x:ext>kept</x:ext>" in now
    assert write(path, result(4, "A", status="sent", id="a:1"), result(6, "B", status="signed")) == []
    assert parts_of(path)[SHEET].decode() == now


def test_a_formula_in_our_column_is_left_to_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    rows = f"<row>{text_cell('key')}{text_cell('esign status')}</row>"
    rows += f"<row>{text_cell('A')}<c r='B2' t='str'><f>A2</f><v>A</v></c></row>"
    path.write_bytes(by_hand(rows))
    before = path.read_bytes()
    with pytest.raises(SheetError, match="cell B2: a formula stands in our column"):
        write(path, result(2, "A", status="sent"))
    assert path.read_bytes() == before


def test_a_signed_workbook_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    rows = f"<row>{text_cell('key')}</row><row>{text_cell('A')}</row>"
    path.write_bytes(by_hand(rows, **{"_xmlsignatures/sig1.xml": "<a/>"}))
    before = untouched(path)
    with pytest.raises(SheetError, match="has a digital signature"):
        write(path, result(2, "A", status="sent"))
    assert untouched(path) == before


@pytest.mark.parametrize(("lock", "program"), [("~$a.xlsx", "Excel"), (".~lock.a.xlsx#", "LibreOffice")])
def test_a_workbook_that_is_open_is_not_touched(tmp_path: Path, lock: str, program: str) -> None:
    path = simple(tmp_path / "a.xlsx", *TABLE)
    before = untouched(path)
    (tmp_path / lock).touch()
    with pytest.raises(SheetError, match=f"is open in {program}"):
        write(path, result(2, "A", status="sent"))
    assert untouched(path) == before
    (tmp_path / lock).unlink()
    assert write(path, result(2, "A", status="sent")) == []


def test_only_the_named_worksheet_changes(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name in ("One", "Two"):
            book.add_worksheet(name).write_column(0, 0, ["key", "A"])
    before = parts_of(path)
    write(f"{path}#Two", result(2, "A", status="sent"))
    after = parts_of(path)
    assert [name for name in before if before[name] != after[name]] == ["xl/worksheets/sheet2.xml"]


def test_streamed_archives_with_sizes_behind_the_data_stay_readable(tmp_path: Path) -> None:
    """As .NET and Java write them: bit 3 is set, sizes come in a descriptor."""

    class Unseekable:
        def __init__(self) -> None:
            self.content = bytearray()

        def write(self, piece: bytes) -> int:
            self.content += piece
            return len(piece)

        def flush(self) -> None: ...

    plain = simple(tmp_path / "plain.xlsx", *TABLE)
    target = Unseekable()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload] # a stream does
        for name, content in parts_of(plain).items():
            with archive.open(name, "w", force_zip64=True) as file:
                file.write(content)
    path = tmp_path / "a.xlsx"
    path.write_bytes(bytes(target.content))
    before = entries(path)
    assert write(path, result(2, "A", status="sent")) == []
    after = entries(path)
    assert {n: e for n, e in after.items() if n != SHEET} == {n: e for n, e in before.items() if n != SHEET}
    assert openpyxl.load_workbook(path).active["C2"].value == "sent"
    assert read(path).rows[0].cells["esign status"] == "sent"


def test_the_archives_own_comment_and_dates_stay(tmp_path: Path) -> None:
    path = simple(tmp_path / "a.xlsx", *TABLE)
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"kept"
        dated = archive.getinfo(SHEET).date_time
    write(path, result(2, "A", status="sent"))
    with zipfile.ZipFile(path) as archive:
        assert archive.comment == b"kept"
        assert archive.getinfo(SHEET).date_time == dated


def test_another_encoding_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    rows = f"<row>{text_cell('key')}</row><row>{text_cell('A')}</row>"
    sheet = (
        f'<?xml version="1.0" encoding="UTF-16"?><worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    )
    path.write_bytes(by_hand("", **{SHEET: sheet.encode("utf-16")}))
    assert len(read(path).rows) == 1
    with pytest.raises(SheetError, match="unusual encoding"):
        write(path, result(2, "A", status="sent"))
    path.write_bytes(by_hand("", **{SHEET: sheet.partition("?>")[2].encode("utf-16")}))
    with pytest.raises(SheetError, match="unusual encoding"):
        write(path, result(2, "A", status="sent"))


def test_no_room_at_the_right_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    rows = f"<row>{text_cell('key')}</row><row>{text_cell('A')}<c r='XFD2'><v>1</v></c></row>"
    path.write_bytes(by_hand(rows))
    with pytest.raises(SheetError, match="no room for our columns"):
        write(path, result(2, "A", status="sent"))


def test_long_sheets_are_filled_in_across_the_pieces_they_are_read_in(tmp_path: Path) -> None:
    rows = 3_000
    path = simple(tmp_path / "a.xlsx", ("key", "text"), *((f"k{at}", "x" * (at % 300)) for at in range(rows)))
    wanted = [result(at + 2, f"k{at}", status=f"s{at}") for at in range(0, rows, 3)]
    assert write(path, *wanted) == []
    for row in read(path).rows:
        at = int(row.cells["key"][1:])
        assert row.cells["esign status"] == ("" if at % 3 else f"s{at}")
        assert row.cells["text"] == "x" * (at % 300)


def test_an_unknown_setting_is_refused_before_anything_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESIGN_EXCEL", "somewhere")
    path = simple(tmp_path / "a.xlsx", *TABLE)
    for what in (lambda: read(path), lambda: write(path, result(2, "A", status="sent"))):
        with pytest.raises(SheetError, match="ESIGN_EXCEL is neither beside nor in-place"):
            what()


def test_what_was_written_stays_through_a_save_in_another_program(tmp_path: Path) -> None:
    path = simple(tmp_path / "a.xlsx", *TABLE)
    write(path, result(2, "A", status="sent", id="aaaaaa:req_1"))
    book = openpyxl.load_workbook(path)
    book.active.insert_rows(2)
    book.active["A2"] = "C"
    book.active["B2"] = datetime(2026, 12, 31, tzinfo=UTC).replace(tzinfo=None)
    book.save(path)
    write(path, result(2, "A", status="signed", id="aaaaaa:req_1"))
    assert [(row.cells["key"], row.cells["esign status"]) for row in read(path).rows] == [
        ("C", ""),
        ("A", "signed"),
        ("B", ""),
    ]
