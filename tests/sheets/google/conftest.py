"""A spreadsheet at the double, and the key file that opens it, as an operator sets it up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.sheets import Place, locate
from connectors.sheets.google import quota
from connectors.sheets.google.calling import Google
from connectors.sheets.google.credentials import BASE_URL, open_account
from connectors.sheets.google.handing import KEY_FILE, hand_over
from tests.google.book import Book
from tests.google.server import Clock, GoogleSheets


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def double(clock: Clock) -> Iterator[GoogleSheets]:
    with GoogleSheets(clock) as running:
        yield running


@pytest.fixture
def key_file(double: GoogleSheets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(BASE_URL, double.url)
    path = double.service_account_file(tmp_path / "key.json")
    monkeypatch.setenv(KEY_FILE, str(path))
    yield path
    hand_over(None)


@pytest.fixture
def book(double: GoogleSheets) -> Book:
    return double.book("People")


@pytest.fixture
def place(book: Book) -> Place:
    return locate(f"https://docs.google.com/spreadsheets/d/{book.id}/edit")


@pytest.fixture
def connect(double: GoogleSheets, key_file: Path, clock: Clock, place: Place) -> Callable[[], Google]:
    """The connector's client, whose minutes pass as fast as the double's."""
    ours = quota.Clock(now=clock, sleep=clock.advance)

    def connected() -> Google:
        return Google(place, open_account(key_file.read_text(), KEY_FILE, double.url, ours), ours)

    return connected
