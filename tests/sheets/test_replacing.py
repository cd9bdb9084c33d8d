"""A sheet is replaced in one step, and what somebody saves meanwhile is never lost."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from connectors.sheets import RowResult, SheetError, read, write_back
from connectors.sheets.replacing import TRIES, rewrite


def test_an_edit_that_comes_in_between_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_bytes(b"old")
    edits = iter([b"edited once", b"edited twice"])

    def change(content: bytes) -> tuple[bytes, bytes]:
        for edit in edits:
            path.write_bytes(edit)
            break
        return content + b" + ours", content

    assert rewrite(path, change, settle=0) == b"edited twice"
    assert path.read_bytes() == b"edited twice + ours"


def test_a_file_that_never_rests_is_left_to_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_bytes(b"0")
    asked = []

    def change(content: bytes) -> tuple[bytes, None]:
        asked.append(content)
        path.write_bytes(b"%d" % len(asked))
        return b"ours", None

    with pytest.raises(SheetError, match="keeps changing"):
        rewrite(path, change, settle=0)
    assert path.read_bytes() == b"%d" % TRIES
    assert os.listdir(tmp_path) == ["sheet.csv"]


def test_a_file_saved_just_now_is_given_time_to_be_saved_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    with path.open("w") as file:
        file.write("first half")
        file.flush()
        threading.Timer(0.05, lambda: (file.write(", second half"), file.flush())).start()
        seen = rewrite(path, lambda content: (content + b"!", content), settle=0.3)
    assert seen == b"first half, second half"


def test_the_file_keeps_its_mode_and_a_link_stays_a_link(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_text("key\nA\n")
    path.chmod(0o640)
    link = tmp_path / "link.csv"
    link.symlink_to(path)
    write_back(link, [RowResult(2, "A", {"esign status": "sent"})], lambda cells: cells["key"], settle=0)
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert read(path).rows[0].cells["esign status"] == "sent"


def test_a_failed_change_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError):
        rewrite(path, lambda content: (_ for _ in ()).throw(RuntimeError()), settle=0)
    assert os.listdir(tmp_path) == ["sheet.csv"]
    assert path.read_text() == "old"


@pytest.mark.skipif(os.name == "nt", reason="needs a lock that Windows does not have")
def test_many_writers_and_a_person_lose_nothing_of_one_another(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_text("key,note\n" + "".join(f"k{n},\n" for n in range(4)))
    failures: list[BaseException] = []

    def writer(n: int) -> None:
        try:
            for turn in range(15):
                result = RowResult(n + 2, f"k{n}", {"esign status": f"turn {turn}", "esign id": f"l:{n}"})
                while True:
                    try:
                        assert write_back(path, [result], lambda cells: cells["key"], settle=0) == []
                        break
                    except SheetError:
                        continue  # the person was faster five times; the caller comes again
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=writer, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert [row.cells["esign status"] for row in read(path).rows] == ["turn 14"] * 4
    assert os.listdir(tmp_path) == ["sheet.csv"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everything")
def test_a_read_only_sheet_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_text("old")
    path.chmod(0o444)
    with pytest.raises(SheetError, match="is read-only"):
        rewrite(path, lambda content: (b"new", None), settle=0)


def test_a_hundred_thousand_rows_take_seconds_and_not_minutes(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_text("key,name,email\n" + "".join(f"k{n},Signer {n},person{n}@example.com\n" for n in range(100_000)))
    results = [RowResult(n + 2, f"k{n}", {"esign status": "sent", "esign id": f"l:{n}"}) for n in range(100_000)]
    start = time.monotonic()
    assert write_back(path, results, lambda cells: cells["key"], settle=0) == []
    assert time.monotonic() - start < 60
