"""The same recipe and the same people give the same plan, whatever the sheet is kept as and however it is written."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from tests.acceptance.house import environment, run
from tests.google.book import Book
from tests.google.cells import Formatted
from tests.google.server import GoogleSheets
from tests.sheets.excel.documents import by_hand, row, text_cell

pytestmark = pytest.mark.slow

RECIPE = """
id: lease
description: A lease, for trying out.
columns:
  flat: {description: Which flat., example: '007'}
  tenant_name: {description: Who rents it., example: Signer One}
  tenant_email: {type: email, description: Where the request goes., example: person01@example.com}
  tenant_phone: {type: phone, region: DE, required: false, description: A number., example: '+4930901820'}
  begins: {type: date, description: First day., example: '2026-03-01'}
  rent: {type: money, currency: EUR, description: Each month., example: '850.00'}
  area: {type: number, description: In square metres., example: '61.5'}
  rooms: {type: integer, description: How many., example: '2'}
  pets: {type: yes_no, description: Whether they are allowed., example: 'yes'}
  heating: {type: choice, choices: [gas, electric], description: How it is heated., example: gas}
  site: {type: url, required: false, description: Where the house is shown., example: 'https://example.com/a'}
key: [flat, begins]
title: "Lease of flat {{ flat }} from {{ begins | long_date }}"
document: document.md
signers:
  - {role: tenant, name: "{{ tenant_name }}", email: "{{ tenant_email }}", mobile: "{{ tenant_phone }}"}
"""
DOCUMENT = (
    "# Lease\n\nFlat {{ flat }}, {{ rooms }} rooms, {{ area }} m2, {{ rent }} EUR, from {{ begins }}, "
    "pets: {{ pets }}{% if pets %} (small ones){% endif %}, {{ heating }}, {{ site }}, {{ tenant_name }}.\n"
)
HEADER = ["Flat", "Tenant: Name", "Tenant E-Mail", "tenant_phone", "Begins", "Rent", "Area", "Rooms", "Pets", "Heating",
          "Site", "remarks"]  # fmt: skip
PEOPLE: list[tuple[Any, ...]] = [
    ("007", "Zoë Größe", "person01@example.com", "030 901820", date(2026, 3, 1), 1234.5, 61.5, 2, True, "gas",
     "https://example.com/a", "x"),
    ("008", "Signer Two", "person02example.com", "", date(2026, 12, 31), 850.0, 1.234, 3, False, "Electric", "", ""),
    ("010", "Signer; Three", "person03@example.com", "+44 20 7946 0018", date(2027, 2, 28), 99.99, 40.0, 1, True,
     "coal", "", '"quoted"'),
    ("007", "Zoë Größe", "person01@example.com", "030 901820", date(2026, 3, 1), 1234.5, 61.5, 2, True, "gas",
     "https://example.com/a", "the same again"),
    ("011", "Signer Five", "person05@bücher.example", "", date(2026, 3, 1), 1000000.0, 12.25, 4, False, "gas", "", ""),
]  # fmt: skip
DATE, RENT, AREA, ROOMS, PETS, FLAT = 4, 5, 6, 7, 8, 0


def german(row: tuple[Any, ...]) -> list[str]:
    """As a German spreadsheet program shows it."""
    shown = list(row)
    shown[DATE] = f"{row[DATE]:%d.%m.%Y}"
    shown[RENT] = f"{row[RENT]:,.2f} €".translate(str.maketrans(",.", ".,"))
    shown[AREA] = f"{row[AREA]:.4f}".replace(".", ",")
    return [*map(str, shown[:PETS]), "ja" if row[PETS] else "nein", *shown[PETS + 1 :]]


def plain(row: tuple[Any, ...]) -> list[str]:
    shown = list(row)
    shown[DATE], shown[RENT] = row[DATE].isoformat(), f"{row[RENT]:,.2f}"
    shown[AREA] = f"{row[AREA]:.4f}"
    return [*map(str, shown[:PETS]), "yes" if row[PETS] else "no", *shown[PETS + 1 :]]


def as_text(folder: Path, encoding: str, delimiter: str, shown: Callable[[tuple[Any, ...]], list[str]]) -> Path:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows([HEADER, *map(shown, PEOPLE)])
    path = folder / "people.csv"
    path.write_bytes(file.getvalue().encode(encoding))
    return path


def as_workbook(folder: Path) -> Path:
    path = folder / "people.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet("Leases")
        day, money = book.add_format({"num_format": "dd.mm.yyyy"}), book.add_format({"num_format": "#,##0.00"})
        zeros = book.add_format({"num_format": "000"})
        page.write_row(0, 0, HEADER)
        for at, row in enumerate(PEOPLE, start=1):
            for column, value in enumerate(row):
                if column == FLAT:
                    page.write_number(at, column, int(value), zeros)
                elif isinstance(value, date):
                    page.write_datetime(at, column, value, day)
                elif column == RENT:
                    page.write_number(at, column, value, money)
                elif isinstance(value, bool):
                    page.write_boolean(at, column, value)
                elif isinstance(value, str):
                    page.write_string(at, column, value)
                else:
                    page.write(at, column, value)
    return path


ODS_STYLES = """
<number:number-style style:name="N1">
<number:number number:decimal-places="0" number:min-integer-digits="3"/>
</number:number-style>
<style:style style:name="ce1" style:family="table-cell" style:data-style-name="N1"/>
"""


def as_opendocument(folder: Path) -> Path:
    header = row(*map(text_cell, HEADER))
    lines = (row(*(_odf_cell(value, column) for column, value in enumerate(values))) for values in PEOPLE)
    path = folder / "people.ods"
    path.write_bytes(by_hand(header + "".join(lines), name="Leases", styles=ODS_STYLES))
    return path


def _odf_cell(value: Any, column: int) -> str:
    if isinstance(value, bool):
        kind, shown = f'"boolean" office:boolean-value="{str(value).lower()}"', str(value).upper()
    elif isinstance(value, date):
        kind, shown = f'"date" office:date-value="{value.isoformat()}"', f"{value:%d.%m.%Y}"
    elif column == FLAT:
        kind, shown = f'"float" office:value="{int(value)}" table:style-name="ce1"', value
    elif isinstance(value, int | float):
        kind, shown = f'"float" office:value="{value!r}"', f"{value:.2f}".replace(".", ",")
    else:
        return text_cell(value)
    return f"<table:table-cell office:value-type={kind}><text:p>{shown}</text:p></table:table-cell>"


def fill_google(book: Book) -> None:
    rows = [
        [Formatted(int(one[FLAT]), "000"), *one[1:DATE], Formatted(one[DATE], "dd.mm.yyyy"),
         Formatted(one[RENT], "#,##0.00"), *one[AREA:]]
        for one in PEOPLE
    ]  # fmt: skip
    book.add("Leases", [HEADER, *rows])


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recipes") / "lease"
    folder.mkdir()
    (folder / "recipe.yaml").write_text(RECIPE)
    (folder / "document.md").write_text(DOCUMENT)
    return folder


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return environment(
        tmp_path_factory.mktemp("home"),
        ESIGN_ESIGNATURES_API_TOKEN="made-up-token",
        ESIGN_ESIGNATURES_BASE_URL="http://127.0.0.1:9/api",
    )


@pytest.fixture(scope="module")
def expected(recipe: Path, env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    sheet = as_text(tmp_path_factory.mktemp("plain"), "utf-8", ",", plain)
    yield planned(recipe, sheet, env)


def planned(recipe: Path, sheet: Path | str, env: dict[str, str]) -> str:
    answer = run("plan", str(recipe), str(sheet), "--account", "default", "--json", env=env)
    assert answer.returncode == 1, answer.stderr
    return answer.stdout


def test_the_plan_is_the_one_the_people_ask_for(expected: str) -> None:
    for said in (
        '"row": 2, "key": "007 / 2026-03-01", "verdict": "send"',
        '"row": 3, "key": "008 / 2026-12-31", "verdict": "refused"',
        '"row": 5, "key": "007 / 2026-03-01", "verdict": "duplicate"',
        '"row": 6, "key": "011 / 2026-03-01", "verdict": "send"',
        '"cell": "J4",\n          "value": "coal"',
    ):
        assert said in expected


@pytest.mark.parametrize("shown", [plain, german])
@pytest.mark.parametrize(
    ("encoding", "delimiter"), [("utf-8-sig", ";"), ("utf-16", "\t"), ("cp1252", ";"), ("cp1252", ",")]
)
def test_a_text_file_in_any_encoding_with_any_delimiter_gives_the_same_plan(
    tmp_path: Path, recipe: Path, env: dict[str, str], expected: str,
    encoding: str, delimiter: str, shown: Callable[[tuple[Any, ...]], list[str]],
) -> None:  # fmt: skip
    assert planned(recipe, as_text(tmp_path, encoding, delimiter, shown), env) == expected


@pytest.mark.parametrize("make", [as_workbook, as_opendocument])
def test_a_workbook_gives_the_same_plan(
    tmp_path: Path, recipe: Path, env: dict[str, str], expected: str, make: Callable[[Path], Path]
) -> None:
    assert planned(recipe, make(tmp_path), env) == expected


@pytest.mark.parametrize("locale", ["en_US", "de_DE"])
def test_a_google_sheet_gives_the_same_plan(
    tmp_path: Path, recipe: Path, env: dict[str, str], expected: str, locale: str
) -> None:
    with GoogleSheets() as google:
        book = google.book("People", locale=locale)
        fill_google(book)
        key = google.service_account_file(tmp_path / "key.json")
        here = env | {"ESIGN_GOOGLE_KEY_FILE": str(key), "ESIGN_GOOGLE_BASE_URL": google.url}
        assert planned(recipe, f"https://docs.google.com/spreadsheets/d/{book.id}/edit", here) == expected
