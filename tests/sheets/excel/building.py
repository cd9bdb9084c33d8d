"""Workbooks for the tests, as Excel writes them and as somebody with other plans does."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import xlsxwriter

from connectors.sheets import RowResult, write_back

TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def relations(**parts: str) -> str:
    inner = "".join(
        f'<Relationship Id="r{at}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for at, (kind, target) in enumerate(parts.items())
    )
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{inner}</Relationships>'
    )


def by_hand(rows: str, *, before: str = "", after: str = "", settings: str = "", **parts: str | bytes) -> bytes:
    """A workbook with one worksheet, whose rows are XML. `parts`: further ones, or others instead, by name."""
    made: dict[str, str | bytes] = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": relations(officeDocument="xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{settings}'
        '<sheets><sheet name="People" sheetId="1" r:id="r0"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations(worksheet="worksheets/sheet1.xml", sharedStrings="texts.xml"),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}">{before}'
        f"<sheetData>{rows}</sheetData>{after}</worksheet>",
        "xl/texts.xml": f'<sst xmlns="{MAIN}"/>',
    }
    return packed(made | parts)


def packed(parts: Mapping[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def text_cell(text: str, name: str = "") -> str:
    place = f' r="{name}"' if name else ""
    return f'<c{place} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def parts_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def simple(path: Path, *rows: tuple[str, ...], worksheet: str = "People") -> Path:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet(worksheet)
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)
    return path


def key_of(cells: dict[str, str]) -> str | None:
    return cells.get("key") or None


def result(row: int, key: str | None, **values: str) -> RowResult:
    return RowResult(row, key, {f"esign {name.replace('_', ' ')}": value for name, value in values.items()})


def write(path: Path | str, *results: RowResult) -> list[RowResult]:
    return write_back(path, results, key_of, settle=0)


def untouched(path: Path) -> tuple[int, int]:
    return path.stat().st_ino, path.stat().st_mtime_ns
