"""One server and one client for a test."""

from __future__ import annotations

from collections.abc import Iterator

import gspread
import pytest

from tests.google.client import client_for
from tests.google.server import Clock, GoogleSheets


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def google(clock: Clock) -> Iterator[GoogleSheets]:
    with GoogleSheets(clock) as running:
        yield running


@pytest.fixture
def client(google: GoogleSheets) -> gspread.Client:
    return client_for(google)
