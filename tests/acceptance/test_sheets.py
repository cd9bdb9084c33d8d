"""Sheets at the command: broken ones get one sentence, new ones are ready to fill in, rows are shown to the letter."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from connectors.sheets import read
from tests.acceptance.house import ESIGN, environment, run
from tests.acceptance.test_bad_input import said
from tests.sheets.excel import test_broken as broken

MOST_SECONDS, MOST_MEGABYTES = 5.0, 300


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environment(
        tmp_path / "home",
        ESIGN_ESIGNATURES_API_TOKEN="made-up-token",
        ESIGN_ESIGNATURES_BASE_URL="http://127.0.0.1:9/api",
    )


def text(content: str | bytes) -> Callable[[], bytes]:
    return lambda: content if isinstance(content, bytes) else content.encode()


BROKEN: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "a zip bomb": ("people.xlsx", broken.bomb, "unpack"),
    "a zip bomb that lies": ("people.xlsx", broken.lying_bomb, ""),
    "a truncated workbook": ("people.xlsx", broken.truncated, ""),
    "external links": ("people.xlsx", broken.external, "other files"),
    "a password": ("people.xlsx", lambda: broken.ole("EncryptedPackage"), "password"),
    "20,000 columns in a workbook": ("people.xlsx", broken.wide(20_000), "columns"),
    "a long cell in a workbook": ("people.xlsx", broken.long_cell, ""),
    "a PDF": ("people.csv", text(b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"), "a PDF"),
    "NUL bytes": ("people.csv", text("company,years\nOne,\0\n"), "not a text file"),
    "a cell of 10 MB": ("people.csv", text("company,years\nOne," + "x" * 10_000_000), "100,000 characters"),
    "20,000 columns": ("people.csv", text(",".join(f"c{at}" for at in range(20_000)) + "\n1\n"), "1,000 columns"),
    "nothing": ("people.csv", text(""), "is empty"),
    "an empty workbook file": ("people.xlsx", text(""), "empty"),
    "headers only": ("people.csv", text("company,years\n"), "no rows below its header"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_sheet_gets_one_sentence_soon_and_at_little_cost(
    tmp_path: Path, env: dict[str, str], name: str
) -> None:
    file, make, word = BROKEN[name]
    (tmp_path / file).write_bytes(make())
    code, complaint, seconds, megabytes = measured(["plan", "nda", str(tmp_path / file), "--account", "default"], env)
    (line,) = complaint.splitlines()
    assert code == 2 and str(tmp_path / file) in line and word in line and line.endswith("."), complaint
    assert seconds < MOST_SECONDS and megabytes < MOST_MEGABYTES


def test_a_folder_is_no_sheet(tmp_path: Path, env: dict[str, str]) -> None:
    (tmp_path / "people.xlsx").mkdir()
    for name in (".", "people.xlsx"):
        assert "is a folder" in said(run("plan", "nda", str(tmp_path / name), env=env), 2)


_MEASURED = """
import json, resource, subprocess, sys
null = subprocess.DEVNULL
done = subprocess.run(sys.argv[1:], stdin=null, stdout=null, stderr=subprocess.PIPE, text=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([done.returncode, done.stderr, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024]))
"""


def measured(words: list[str], env: dict[str, str]) -> tuple[int, str, float, int]:
    """Exit code, complaint, seconds of processor, and MB at its peak.

    A small process starts it: the kernel counts to a process what the one that started it had.
    """
    command = [sys.executable, "-c", _MEASURED, str(ESIGN), *words]
    said = subprocess.run(command, env=env, capture_output=True, text=True, timeout=100, check=True).stdout
    code, complaint, seconds, megabytes = json.loads(said)
    return code, complaint, seconds, megabytes


@pytest.mark.parametrize("ending", ["xlsx", "csv", "tsv"])
def test_a_new_sheet_is_planned_as_it_is(tmp_path: Path, env: dict[str, str], ending: str) -> None:
    sheet = tmp_path / f"people.{ending}"
    made = run("sheet", "new", "nda", str(sheet), env=env)
    assert made.returncode == 0 and f"esign plan nda {sheet}" in made.stdout, made.stderr
    assert len(read(sheet).rows) == 1
    planned = run("plan", "nda", str(sheet), "--account", "default", env=env)
    assert planned.returncode == 0 and "1 to send\n" in planned.stdout, planned.stderr
    assert "is already there" in said(run("sheet", "new", "nda", str(sheet), env=env), 2)


def test_a_worksheet_is_named_or_the_first_one_is_read_and_said(tmp_path: Path, env: dict[str, str]) -> None:
    sheet = tmp_path / "people.xlsx"
    run("sheet", "new", "nda", str(sheet), env=env)
    book = openpyxl.load_workbook(sheet)
    book.copy_worksheet(book.active).title = "Second"
    book["Second"]["A3"] = "Example Company 02"
    book.save(sheet)
    first = run("plan", "nda", str(sheet), "--account", "default", env=env)
    assert first.returncode == 0 and f"{sheet.name}#Second" in first.stdout.replace("‘", ""), first.stdout
    second = run("plan", "nda", str(sheet), "--worksheet", "Second", "--account", "default", env=env)
    assert second.returncode == 1 and "1 to send, 1 refused" in second.stdout, second.stdout + second.stderr
    sentence = said(run("plan", "nda", f"{sheet}#Third", "--account", "default", env=env), 2)
    assert "Third" in sentence and "Second" in sentence


def test_one_row_is_shown_to_the_letter_and_its_document_written(tmp_path: Path, env: dict[str, str]) -> None:
    sheet, pdf = tmp_path / "people.csv", tmp_path / "row.pdf"
    run("sheet", "new", "nda", str(sheet), env=env)
    words = ("plan", "nda", str(sheet), "--account", "default")
    shown = run(*words, "--row", "2", "--pdf", str(pdf), env=env)
    assert shown.returncode == 0, shown.stderr
    assert "Signer 1  counterparty: Signer One <person01@example.com>, Example Company 01" in shown.stdout
    assert "Hello Signer One," in shown.stdout and pdf.read_bytes().startswith(b"%PDF-")
    assert "name it with --row" in said(run(*words, "--pdf", str(pdf), env=env), 2)
    assert "has no row 9" in said(run(*words, "--row", "9", env=env), 2)


def test_a_rows_document_beside_its_json_leaves_the_json_alone(tmp_path: Path, env: dict[str, str]) -> None:
    sheet, pdf = tmp_path / "people.csv", tmp_path / "row.pdf"
    run("sheet", "new", "nda", str(sheet), env=env)
    words = ("plan", "nda", str(sheet), "--account", "default", "--row", "2", "--pdf", str(pdf), "--json")
    made = run(*words, env=env)
    assert json.loads(made.stdout)["rows"][0]["row"] == 2 and pdf.read_bytes().startswith(b"%PDF-")
    assert str(pdf) in made.stderr and run(*words, env=env).returncode == 0  # an earlier look may be written over


def test_a_rows_document_never_takes_the_place_of_the_sheet(tmp_path: Path, env: dict[str, str]) -> None:
    sheet = tmp_path / "people.csv"
    run("sheet", "new", "nda", str(sheet), env=env)
    before = sheet.read_bytes()
    made = run("plan", "nda", str(sheet), "--account", "default", "--row", "2", "--pdf", str(sheet), env=env)
    assert made.returncode == 2 and "is no PDF" in made.stderr, made.stderr
    assert sheet.read_bytes() == before


COMMAND = "\x1b[31m\x9b31m\u202e"
"""What colours a terminal, twice, and what turns the order of what is read."""


def test_no_file_column_or_cell_gives_the_terminal_a_command(tmp_path: Path, env: dict[str, str]) -> None:
    sheet = tmp_path / f"{COMMAND}.csv"
    made = [run("sheet", "new", "nda", str(sheet), env=env)]
    head, sample, _ = sheet.read_text().split("\n")
    words = ("plan", "nda", str(sheet), "--account", "default")
    made += [run(*words, env=env), run("sheet", "sync", str(sheet), env=env)]
    sheet.write_text(f"{head}\n{COMMAND}{sample}\n")
    made += [run(*words, env=env), run(*words, "--json", env=env), run(*words, "--row", "2", env=env)]
    assert json.loads(made[-2].stdout)["rows"][0]["key"].startswith(COMMAND)
    sheet.write_text(f"{COMMAND}{head}\n{sample}\n")
    made += [run(*words, env=env), run("plan", "nda", f"{COMMAND}.txt", env=env)]
    assert [one.returncode for one in made] == [0, 0, 1, 1, 1, 1, 2, 2]
    shown = "".join(one.stdout + one.stderr for one in made)
    assert all(one.isprintable() or one in "\t\n" for one in shown), shown


def test_a_sheet_that_is_open_keeps_nobody_from_hearing_which_rows_are_bad(tmp_path: Path, env: dict[str, str]) -> None:
    sheet = tmp_path / "people.xlsx"
    run("sheet", "new", "nda", str(sheet), env=env)
    book = openpyxl.load_workbook(sheet)
    book.active["D2"] = book.active["I2"] = "nobody"
    book.save(sheet)
    words = ("send", "nda", str(sheet), "--account", "default")
    assert f"({tmp_path / 'people.status.xlsx'} says why)" in said(run(*words, env=env), 1)
    (tmp_path / "~$people.xlsx").write_bytes(b"")
    told = run(*words, env=env | {"ESIGN_EXCEL": "in-place"})
    assert "is open in Excel" in told.stdout and "1 of 1 rows cannot be; correct them (see above)" in said(told, 1)


def test_the_page_calls_a_cell_empty_only_if_it_is_and_names_rows_once(tmp_path: Path, env: dict[str, str]) -> None:
    sheet = tmp_path / "people.csv"
    run("sheet", "new", "nda", str(sheet), env=env)
    head, sample, _ = sheet.read_text().split("\n")
    sheet.write_text(
        f"{head}\n{'x' * 6000}{sample}\n{sample[sample.index(',') :]}\n{sample}\n{sample.replace('pilot', 'other')}\n"
    )
    shown = run("plan", "nda", str(sheet), "--account", "default", env=env).stdout.splitlines()
    assert "    A2" in shown and "    A3  (empty)" in shown
    assert "  Rows 4, 5 have one key but different contents" in shown


def test_what_was_never_sent_cannot_be_brought_up_to_date(tmp_path: Path, env: dict[str, str]) -> None:
    sheet = tmp_path / "people.csv"
    run("sheet", "new", "nda", str(sheet), env=env)
    before = sheet.read_bytes()
    assert "Nothing was ever sent from" in said(run("sheet", "sync", str(sheet), env=env), 1)
    assert sheet.read_bytes() == before
