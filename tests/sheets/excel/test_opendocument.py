"""OpenDocument sheets are read as people see them."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path

import pytest
import python_calamine

from connectors.sheets import Number, SheetError, read
from tests.sheets.excel.building import packed
from tests.sheets.excel.documents import NAMESPACES, by_hand, document, row, text_cell

STYLES = (
    '<number:number-style style:name="N5"><number:number number:decimal-places="0" number:min-integer-digits="5"/>'
    "</number:number-style>"
    '<number:number-style style:name="N2"><number:number number:decimal-places="2" number:min-decimal-places="2" '
    'number:min-integer-digits="1" number:grouping="true"/></number:number-style>'
    '<number:percentage-style style:name="P1"><number:number number:decimal-places="1" number:min-decimal-places="1" '
    'number:min-integer-digits="1"/><number:text>%</number:text></number:percentage-style>'
    '<number:date-style style:name="D"><number:day/><number:text>.</number:text><number:month/><number:text>.'
    "</number:text><number:year/></number:date-style>"
    '<number:date-style style:name="DT"><number:year/><number:text>-</number:text><number:month/><number:text>-'
    "</number:text><number:day/><number:text> </number:text><number:hours/><number:text>:</number:text>"
    "<number:minutes/></number:date-style>"
    '<number:time-style style:name="T" number:truncate-on-overflow="false"><number:hours/><number:text>:</number:text>'
    "<number:minutes/></number:time-style>"
    '<number:currency-style style:name="C"><number:number number:decimal-places="2" number:min-decimal-places="2" '
    'number:min-integer-digits="1"/><number:text> </number:text></number:currency-style>'
) + "".join(
    f'<style:style style:name="c{name}" style:family="table-cell" style:data-style-name="{name}"/>'
    for name in ("N5", "N2", "P1", "D", "DT", "T", "C")
)


def cell(kind: str, value: str, style: str = "", shown: str = "shown") -> str:
    name = {"float": "value", "percentage": "value", "currency": "value"}.get(kind, f"{kind}-value")
    looks = f' table:style-name="{style}"' if style else ""
    return (
        f'<table:table-cell office:value-type="{kind}" office:{name}="{value}"{looks}><text:p>{shown}</text:p>'
        "</table:table-cell>"
    )


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (cell("float", "42", "cN5"), "00042"),
        (cell("float", "1234.5", "cN2"), "1234.50"),
        (cell("float", "1234.5"), "1234.5"),
        (cell("float", "12"), "12"),
        (cell("percentage", "0.125", "cP1"), "12.5%"),
        (cell("currency", "5", "cC"), "5.00"),
        (cell("date", "2026-12-31", "cD"), "2026-12-31"),
        (cell("date", "2026-12-31T14:30:00", "cDT"), "2026-12-31 14:30"),
        (cell("date", "2026-12-31T14:30:00", "cD"), "2026-12-31"),
        (cell("time", "PT36H00M00S", "cT"), "36:00"),
        (cell("boolean", "true"), "TRUE"),
        (text_cell("0042"), "0042"),
        ('<table:table-cell table:formula="of:=1/0" office:value-type="string"><text:p>#DIV/0!</text:p>'
         "</table:table-cell>", "#DIV/0!"),
        ('<table:table-cell office:value-type="string"><office:annotation><text:p>a note</text:p></office:annotation>'
         '<text:p>two<text:s text:c="3"/><text:span>words</text:span></text:p><text:p>lines</text:p>'
         "</table:table-cell>", "two   words\nlines"),
    ],
)  # fmt: skip
def test_a_value_looks_as_in_libreoffice(tmp_path: Path, made: str, text: str) -> None:
    path = tmp_path / "a.ods"
    path.write_bytes(by_hand(row(text_cell("key")) + row(made), styles=STYLES))
    assert read(path).rows[0].cells == {"key": text}


def test_a_columns_style_counts_where_a_cell_has_none(tmp_path: Path) -> None:
    columns = (
        '<table:table-column table:number-columns-repeated="2" table:default-cell-style-name="Default"/>'
        '<table:table-column table:default-cell-style-name="cN5"/>'
    )
    names = "".join(map(text_cell, "abc"))
    path = tmp_path / "a.ods"
    path.write_bytes(by_hand(columns + row(names) + row(cell("float", "7") * 3), styles=STYLES))
    cells = read(path).rows[0].cells
    assert cells == {"a": "7", "b": "7", "c": "00007"}
    assert isinstance(cells["c"], Number)


def test_repeated_cells_and_rows_are_counted_and_hidden_ones_left_out(tmp_path: Path) -> None:
    blank = '<table:table-cell table:number-columns-repeated="16380"/>'
    rows = (
        row(text_cell("key") + text_cell("b") + text_cell("c") + blank)
        + row(text_cell("x", number_columns_repeated="2") + blank, number_rows_repeated="2")
        + row(blank, number_rows_repeated="3")
        + row(text_cell("hidden"), visibility="filter")
        + row("<table:table-cell/>" + text_cell("y"))
        + row(blank, number_rows_repeated="1048000")
    )
    path = tmp_path / "a.ods"
    path.write_bytes(by_hand(rows))
    found = read(path)
    assert [(line.number, tuple(line.cells.values())) for line in found.rows] == [
        (2, ("x", "x", "")),
        (3, ("x", "x", "")),
        (8, ("", "y", "")),
    ]
    assert found.notes == ("1 hidden row is left out: 7.",)


def test_merged_headers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ods"
    covered = "<table:covered-table-cell><text:p>under it</text:p></table:covered-table-cell>"
    path.write_bytes(by_hand(row(text_cell("key") + text_cell("both", number_columns_spanned="2") + covered)))
    with pytest.raises(SheetError, match="B1:C1 is merged"):
        read(path)


def test_worksheets_are_chosen_by_name_or_the_first_visible_one(tmp_path: Path) -> None:
    hidden = '<style:style style:name="h" style:family="table"><style:table-properties table:display="false"/>'
    hidden += "</style:style>"
    more = "".join(
        f'<table:table table:name="{name}">{row(text_cell("key")) + row(text_cell(name))}</table:table>'
        for name in ("Staff", "Guests")
    )
    path = tmp_path / "a.ods"
    content = by_hand(row(text_cell("key")) + row(text_cell("Secret")), styles=hidden, more=more)
    text = zipfile.ZipFile(io.BytesIO(content)).read("content.xml").decode()
    text = text.replace('<table:table table:name="People"', '<table:table table:style-name="h" table:name="People"')
    path.write_bytes(packed({"content.xml": text}))
    found = read(path)
    assert found.rows[0].cells == {"key": "Staff"}
    assert found.notes == ("Read the worksheet 'Staff', the first one: another is named like a.ods#Guests.",)
    assert read(f"{path}#Guests").rows[0].cells == {"key": "Guests"}
    assert read(f"{path}#People").rows[0].cells == {"key": "Secret"}
    with pytest.raises(SheetError, match="no worksheet 'guests': it has 'People', 'Staff', 'Guests'"):
        read(f"{path}#guests")


def test_another_reader_sees_the_same_texts(tmp_path: Path) -> None:
    table = [["key", "text"]] + [[f"k{at}", f"text & <{at}> é 漢字 😀"] for at in range(50)]
    path = document(tmp_path / "a.ods", table)
    assert [list(line.cells.values()) for line in read(path).rows] == table[1:]
    assert python_calamine.load_workbook(path).get_sheet_by_index(0).to_python() == table


ENCRYPTED = "<manifest:manifest xmlns:manifest='m'><manifest:encryption-data/></manifest:manifest>"
DTD = f'<!DOCTYPE a [<!ENTITY b "{"c" * 10}">]><office:document-content {NAMESPACES}/>'


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (by_hand(row(text_cell("key")), **{"META-INF/manifest.xml": ENCRYPTED}), "protected by a password"),
        (by_hand(row(text_cell("key")))[:-200], "damaged or incomplete"),
        (packed({"content.xml": DTD}), "damaged"),
        (packed({"content.xml": b" " * (60 << 20)}), "unpacks to far more"),
        (packed({"content.xml": "<a/>"}), "no worksheet that is visible"),
        (by_hand(""), "is empty"),
        (by_hand(row(text_cell("key"))), "no rows below its header"),
        (by_hand(row(text_cell("key")) + row(text_cell("x" * (10 << 20)))), "cell A2: it holds more than 100,000"),
        (by_hand(row(text_cell("key")) + row(text_cell("x", number_columns_repeated="20000"))), "more than 16,384"),
        (by_hand(row(text_cell("key")) + row(text_cell("x"), number_rows_repeated="99999999")), "more than 1,048,576"),
        (by_hand(row("".join(text_cell(f"c{at}") for at in range(1500)))), "more than 1,000 columns"),
        (by_hand(row(text_cell("key")) + row("<table:table-cell table:formula='of:=1+1'/>")), "cell A2: its formula"),
        (by_hand(row(text_cell("key")) + row("<table:table-cell table:formula=\"of:='file:///a.ods'#$A.A1\" "
                 "office:value-type='float' office:value='1'/>")), "takes values from other files"),
        (b"\0" * 5000, "is no workbook"),
        (b"", "is empty"),
    ],
)  # fmt: skip
def test_a_broken_document_gets_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "a.ods"
    path.write_bytes(content)
    began = time.process_time()
    with pytest.raises(SheetError, match=sentence):
        read(path)
    assert time.process_time() - began < 5
