"""Results come back into the sheet, and nothing else changes."""

from __future__ import annotations

import csv
import itertools
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sheets import OUR_COLUMNS, RowResult, SheetError, read, write_back

HEADER = ",".join(OUR_COLUMNS)


def key_of(cells: dict[str, str]) -> str | None:
    return cells.get("key") or None


def result(row: int, key: str | None, **values: str) -> RowResult:
    return RowResult(row, key, {f"esign {name.replace('_', ' ')}": value for name, value in values.items()})


def write(path: Path, *results: RowResult) -> list[RowResult]:
    return write_back(path, results, key_of, settle=0)


def sheet(folder: Path, content: str | bytes, name: str = "sheet.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def untouched(path: Path) -> tuple[int, int]:
    return path.stat().st_ino, path.stat().st_mtime_ns


def test_our_columns_are_added_at_the_right(tmp_path: Path) -> None:
    path = sheet(tmp_path, "key,name\nA,Signer One\nB,Signer Two\n")
    assert write(path, result(2, "A", status="sent", id="aaaaaa:req_1")) == []
    assert path.read_text() == f"key,name,{HEADER}\nA,Signer One,sent,,,,,,,aaaaaa:req_1\nB,Signer Two\n"


@pytest.mark.parametrize(
    "before",
    [
        b'key;name\r\n"A";"Signer ""One"""\r\n B ; x \r\n\r\nC;last line without an end',
        b'\xef\xbb\xbf"key","name"\n"A","Signer One"\n',
        "key\tname\r\nA\tSöhne\r\n".encode("utf-16"),
        "key;name\r\nA;Ångström & Söhne\r\n".encode("cp1252"),
        b"sep=;\nkey;name\nA;1,5\n",
        b'key,name,,\nA,"two\r\nlines",,more,and more\n',
    ],
)
def test_every_byte_that_is_not_ours_stays(tmp_path: Path, before: bytes) -> None:
    path = sheet(tmp_path, before)
    rows = [row.cells for row in read(path).rows]
    write(path, result(2, "A", status="sent"))
    after = path.read_bytes()
    added = [row.cells for row in read(path).rows]
    assert added[0]["esign status"] == "sent"
    assert [{name: cells[name] for name in rows[0]} for cells in added] == rows
    # Taking away what was added, in the order it stands there, gives the file as it was.
    assert is_subsequence(before, after)


def is_subsequence(short: bytes, long: bytes) -> bool:
    rest = iter(long)
    return all(byte in rest for byte in short)


def test_a_file_that_quotes_everything_goes_on_doing_so(tmp_path: Path) -> None:
    path = sheet(tmp_path, '"key"\n"A"\n')
    write(path, result(2, "A", status="sent"))
    assert path.read_text().splitlines()[1].startswith('"A","sent"')


def test_rows_are_found_after_sorting_inserting_and_deleting(tmp_path: Path) -> None:
    path = sheet(tmp_path, "key,name\nA,1\nB,2\nC,3\n")
    write(path, result(2, "A", status="sent", id="l:a"), result(3, "B", status="sent", id="l:b"))
    lines = path.read_text().splitlines()
    sheet(tmp_path, "\n".join([lines[0], "D,new", lines[3], lines[2].replace("B,2", "renamed,2")]) + "\n")
    missing = write(
        path,
        result(2, "A", status="completed", id="l:a"),
        result(3, "B", status="completed", id="l:b"),
        result(4, "C", status="failed"),
    )
    assert [lost.key for lost in missing] == ["A"]
    cells = {row.cells["key"]: row.cells["esign status"] for row in read(path).rows}
    assert cells == {"D": "", "C": "failed", "renamed": "completed"}


def test_a_number_alone_finds_nothing(tmp_path: Path) -> None:
    path = sheet(tmp_path, "key\nB\n")
    before = untouched(path)
    assert write(path, result(2, "A", status="sent")) == [result(2, "A", status="sent")]
    assert untouched(path) == before


def test_a_row_without_a_key_is_found_by_its_number_as_long_as_it_has_none(tmp_path: Path) -> None:
    path = sheet(tmp_path, "key,name\n,Signer One\nB,Signer Two\n")
    nameless, wrong = result(2, None, problem="key: is empty; fill it in."), result(3, None, problem="no")
    assert write(path, nameless, wrong) == [wrong]
    assert [row.cells["esign problem"] for row in read(path).rows] == ["key: is empty; fill it in.", ""]
    path.write_text(path.read_text().replace("\n,Signer One", "\nA,Signer One"))
    assert write(path, nameless) == [nameless]


def test_of_equal_rows_each_gets_its_own_result(tmp_path: Path) -> None:
    path = sheet(tmp_path, "key,name\nA,1\nA,1\n")
    write(path, result(3, "A", status="refused"), result(2, "A", status="sent", id="l:a"))
    assert [row.cells["esign status"] for row in read(path).rows] == ["sent", "refused"]


def test_a_refused_repeat_never_covers_the_row_that_was_sent(tmp_path: Path) -> None:
    path = sheet(tmp_path, "key,esign status,esign id\nB,,\nA,sent,l:a\n")
    assert write(path, result(4, "A", status="refused")) == [result(4, "A", status="refused")]
    assert read(path).rows[1].cells["esign status"] == "sent"


def test_a_copied_row_does_not_take_the_results_of_the_original(tmp_path: Path) -> None:
    path = sheet(tmp_path, "key,esign status,esign id\nB,sent,l:a\nA,sent,l:a\n")
    write(path, result(2, "A", status="completed", id="l:a"))
    assert [row.cells["esign status"] for row in read(path).rows] == ["sent", "completed"]


def test_a_new_round_takes_over_the_row_but_another_ledgers_row_is_left_alone(tmp_path: Path) -> None:
    path = sheet(tmp_path, "key,esign id\nA,mine:1\nB,other:1\n")
    assert [lost.key for lost in write(path, result(2, "A", id="mine:2"), result(3, "B", id="mine:3"))] == ["B"]
    assert [row.cells["esign id"] for row in read(path).rows] == ["mine:2", "other:1"]


def test_an_esign_id_is_never_emptied(tmp_path: Path) -> None:
    path = sheet(tmp_path, "key,esign id\nA,other:1\n")
    write(path, result(2, "A", status="refused", id=""))
    assert read(path).rows[0].cells["esign id"] == "other:1"


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1"])
def test_what_we_write_cannot_become_a_formula(tmp_path: Path, value: str) -> None:
    path = sheet(tmp_path, "key,name\nA,=1+1\n")
    write(path, result(2, "A", problem=value))
    cells = read(path).rows[0].cells
    assert cells["esign problem"] == "'" + value.strip()
    assert cells["name"] == "=1+1", "what people write themselves is theirs"


def test_what_the_encoding_cannot_hold_becomes_a_question_mark(tmp_path: Path) -> None:
    path = sheet(tmp_path, "key;name\r\nA;Söhne\r\n".encode("cp1252"))
    write(path, result(2, "A", waiting_for="Żaneta One"))
    assert ";?aneta One" in path.read_bytes().decode("cp1252")
    before = untouched(path)
    write(path, result(2, "A", waiting_for="Żaneta One"))
    assert untouched(path) == before


def test_a_column_that_is_not_ours_is_never_written(tmp_path: Path) -> None:
    path = sheet(tmp_path, "key,name\nA,1\n")
    with pytest.raises(ValueError, match="not one of our columns"):
        write_back(path, [RowResult(2, "A", {"name": "x"})], key_of)


def test_a_sheet_that_is_gone_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="There is no sheet"):
        write(tmp_path / "gone.csv", result(2, "A", status="sent"))


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
KEYS = st.text("abcdefgh", min_size=1, max_size=4)
STYLES = st.tuples(
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
RESULTS = st.fixed_dictionaries(dict.fromkeys(OUR_COLUMNS[:-1], CELLS))


@st.composite
def sheets(draw: st.DrawFn) -> tuple[list[list[str]], bytes, tuple[str, str, int, str]]:
    style = draw(STYLES)
    keys = draw(st.lists(KEYS, min_size=1, max_size=5, unique=True))
    rows = [["key", "other", "third"], *([key, draw(CELLS), draw(CELLS)] for key in keys)]
    return rows, written(rows, style), style


def written(rows: list[list[str]], style: tuple[str, str, int, str]) -> bytes:
    delimiter, ending, quoting, encoding = style

    def cell(text: str) -> str:  # csv.writer leaves a lone line break bare in older Pythons
        bare = quoting == csv.QUOTE_MINIMAL and not set(text) & set(f'{delimiter}"\r\n')
        return text if bare else '"' + text.replace('"', '""') + '"'

    return "".join(delimiter.join(map(cell, row)) + ending for row in rows).encode(encoding)


@settings(deadline=None)  # files are written to the disk for good
@given(sheets(), st.data())
def test_any_sheet_keeps_its_cells_and_shows_its_results_after_any_reordering(
    given_sheet: tuple[list[list[str]], bytes, tuple[str, str, int, str]], data: st.DataObject
) -> None:
    rows, content, style = given_sheet
    with tempfile.TemporaryDirectory() as folder:
        path = sheet(Path(folder), content)
        results = [
            RowResult(row.number, row.cells["key"], {**data.draw(RESULTS), "esign id": f"ledger:{row.number}"})
            for row in read(path).rows
        ]
        assert write_back(path, results, key_of, settle=0) == []
        assert foreign(path) == rows[1:]
        shown = table(path)

        mixed = [shown[0], *data.draw(st.permutations([*shown[1:], ["new", "row", ""] + [""] * len(OUR_COLUMNS)]))]
        path.write_bytes(written(mixed, style))
        later = [RowResult(r.row, r.key, {**r.values, "esign status": f"later {r.key}"}) for r in results]
        assert write_back(path, later, key_of, settle=0) == []
        assert foreign(path) == [row[:3] for row in mixed[1:]]
        statuses = {row.cells["key"]: row.cells["esign status"] for row in read(path).rows if row.cells["esign id"]}
        assert statuses == {r.key: f"later {r.key}" for r in results}

        before = untouched(path)
        assert write_back(path, later, key_of, settle=0) == []
        assert untouched(path) == before


def table(path: Path) -> list[list[str]]:
    found = read(path)
    return [list(found.columns), *(list(row.cells.values()) for row in found.rows)]


def foreign(path: Path) -> list[list[str]]:
    return [list(itertools.islice(row.cells.values(), 3)) for row in read(path).rows]
