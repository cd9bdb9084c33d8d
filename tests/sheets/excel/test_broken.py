"""Files that are broken, or made to break us, get one sentence, soon and at little cost."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sheets.excel.building import MAIN, by_hand, packed, relations, simple, text_cell

PEOPLE = f"<row>{text_cell('key')}</row><row>{text_cell('A')}</row>"
SHEET = "xl/worksheets/sheet1.xml"
_UNPACKED = 100 << 20
MOST_SECONDS, MOST_MEGABYTES = 5, 300
_READ = r"""
import json, re, sys, time
from pathlib import Path
from connectors.sheets import SheetError, read
for path in sys.argv[1:]:
    began = time.process_time()
    try:
        said = str(len(read(path).rows))
    except SheetError as error:
        said = str(error)
    # The kernel's ru_maxrss begins with what the test's own process had.
    memory = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) // 1024
    print(json.dumps([said, time.process_time() - began, memory]))
"""


def whole() -> bytes:
    return by_hand(PEOPLE)


def bomb() -> bytes:
    return by_hand(PEOPLE, **{SHEET: b" " * _UNPACKED})


def lying_bomb() -> bytes:
    """The directory announces 100 bytes of what unpacks to 100 MB."""
    content = bytearray(bomb())
    size = _UNPACKED.to_bytes(4, "little")
    assert content.count(size) == 2
    return bytes(content.replace(size, (100).to_bytes(4, "little")))


def many_parts() -> bytes:
    return packed({f"xl/media/{at}": b"" for at in range(20_000)})


def truncated() -> bytes:
    return whole()[:-300]


def flipped() -> bytes:
    content = bytearray(whole())
    at = content.index(SHEET.encode()) + len(SHEET) + 20
    content[at] ^= 0xFF
    return bytes(content)


def ole(stream: str) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1000 + stream.encode("utf-16-le") + b"\0" * 1000


def external() -> bytes:
    return by_hand(PEOPLE, **{"xl/externalLinks/externalLink1.xml": "<externalLink/>"})


def binary() -> bytes:
    return by_hand(PEOPLE, **{"_rels/.rels": relations(officeDocument="xl/workbook.bin"), "xl/workbook.bin": b"x"})


def laughing(part: str = SHEET) -> bytes:
    entities = "".join(f'<!ENTITY l{at} "{f"&l{at - 1};" * 10}">' for at in range(1, 12))
    doctype = f'<!DOCTYPE worksheet [<!ENTITY l0 "ha">{entities}]>'
    rows = PEOPLE + "<row><c t='s'><v>0</v></c></row>"
    return by_hand(rows, **{part: f'{doctype}<worksheet xmlns="{MAIN}"><sheetData>&l11;</sheetData></worksheet>'})


def nul_bytes() -> bytes:
    return by_hand(PEOPLE.replace("A", "\0"))


def long_cell() -> bytes:
    return by_hand(PEOPLE + f"<row>{text_cell('x' * (10 << 20))}</row>")


def long_shared() -> bytes:
    texts = f'<sst xmlns="{MAIN}"><si><t>{"ab" * (5 << 20)}</t></si></sst>'
    return by_hand(PEOPLE + "<row><c t='s'><v>0</v></c></row>", **{"xl/texts.xml": texts})


def long_number() -> bytes:
    return by_hand(PEOPLE + f"<row><c><v>{'9' * 90_000}</v></c></row>")


def long_tag() -> bytes:
    return by_hand(PEOPLE + f"<row spans='{'1' * (20 << 20)}'/>")


def deep() -> bytes:
    return by_hand(PEOPLE + "<a>" * 1_000_000)


def wide(columns: int) -> Callable[[], bytes]:
    return lambda: by_hand(f"<row>{''.join(text_cell(f'c{at}') for at in range(columns))}</row>{PEOPLE}")


def sparse() -> bytes:
    rows = "".join(f"<row r='{row}'><c r='ALK{row}'><v>1</v></c></row>" for row in range(2, 100_000))
    header = "".join(text_cell(f"c{at}") for at in range(999))
    return by_hand(f"<row>{header}</row>{rows}")


def far_row() -> bytes:
    return by_hand(PEOPLE + "<row r='99999999'><c><v>1</v></c></row>")


def backwards() -> bytes:
    return by_hand("<row r='5'><c><v>1</v></c></row><row r='4'><c><v>1</v></c></row>")


def no_such_text() -> bytes:
    return by_hand("<row><c t='s'><v>5</v></c></row>")


CASES: dict[str, tuple[Callable[[], bytes], str]] = {
    "bomb": (bomb, "unpacks to far more than a sheet holds"),
    "lying bomb": (lying_bomb, "is damaged or incomplete"),
    "many parts": (many_parts, "unpacks to far more"),
    "truncated": (truncated, "is damaged or incomplete"),
    "flipped": (flipped, "is damaged or incomplete"),
    "password": (lambda: ole("EncryptedPackage"), "is protected by a password"),
    "old xls": (lambda: ole("Workbook"), r"old kind \(.xls\): save it as .xlsx"),
    "external links": (external, "takes values from other files: paste them in as values"),
    "binary": (binary, "save it as .xlsx"),
    "laughing": (laughing, "is damaged"),
    "laughing texts": (lambda: laughing("xl/texts.xml"), "is damaged"),
    "laughing book": (lambda: laughing("xl/workbook.xml"), "is damaged"),
    "nul bytes": (nul_bytes, "is damaged"),
    "nothing but nul": (lambda: b"\0" * 5000, "is no workbook, whatever its name says"),
    "long cell": (long_cell, "cell A3: it holds more than 100,000 characters"),
    "long shared": (long_shared, "cell A3: it holds more than 100,000 characters"),
    "long number": (long_number, "^2$"),
    "long tag": (long_tag, "is damaged|^1$"),
    "deep": (deep, "is damaged"),
    "20,000 columns": (wide(20_000), "more than 16,384 columns"),
    "5,000 columns": (wide(5_000), "more than 1,000 columns"),
    "sparse": (sparse, "more than 20,000,000 cells"),
    "far row": (far_row, "more than 1,048,576 rows"),
    "backwards": (backwards, "is damaged"),
    "row in a row": (lambda: by_hand(PEOPLE + "<row r='3'><row r='4'/></row>"), "is damaged"),
    "cell without a row": (lambda: by_hand("<c><v>1</v></c>"), "is damaged"),
    "no such text": (no_such_text, "is damaged"),
    "empty": (lambda: b"", "is empty"),
    "blank": (lambda: by_hand(""), "is empty: the first row has to name the columns"),
    "headers only": (lambda: by_hand(f"<row>{text_cell('key')}</row>"), "no rows below its header"),
    "pdf": (lambda: b"%PDF-1.7 and so on", "is no workbook"),
    "some archive": (lambda: packed({"a.txt": "x"}), "is no workbook"),
    "sound": (whole, "^1$"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_broken_workbook_gets_one_sentence_within_its_bounds(tmp_path: Path, name: str) -> None:
    made, expected = CASES[name]
    path = tmp_path / "people.xlsx"
    path.write_bytes(made())
    said, seconds, megabytes = measured(path)
    assert re.search(expected, said), said
    assert "\n" not in said
    assert len(said) < 400
    assert seconds < MOST_SECONDS
    assert megabytes < MOST_MEGABYTES


def measured(path: Path) -> tuple[str, float, int]:
    done = subprocess.run([sys.executable, "-c", _READ, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    said, seconds, megabytes = json.loads(done.stdout)
    return said, seconds, megabytes


def test_a_workbook_of_one_kind_under_the_other_name_is_told_its_name(tmp_path: Path) -> None:
    excel = simple(tmp_path / "a.xlsx", ("key",), ("A",))
    renamed = tmp_path / "renamed.ods"
    renamed.write_bytes(excel.read_bytes())
    assert "is an Excel workbook: name it .xlsx" in measured(renamed)[0]
    document = tmp_path / "document.xlsx"
    document.write_bytes(packed({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<a/>"}))
    assert "is an OpenDocument sheet: name it .ods" in measured(document)[0]


def test_any_cut_of_a_workbook_gets_a_sentence(tmp_path: Path) -> None:
    content = whole()
    paths = []
    for at in range(0, len(content), 97):
        path = tmp_path / f"{at}.xlsx"
        path.write_bytes(content[:at])
        paths.append(path)
    done = subprocess.run([sys.executable, "-c", _READ, *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(done.stdout.splitlines()) == len(paths)
    assert all(json.loads(line)[0] != "1" for line in done.stdout.splitlines())
