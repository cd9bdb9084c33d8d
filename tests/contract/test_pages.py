"""The tables in docs/ are what the code says, and nothing documented is untested."""

from __future__ import annotations

from pathlib import Path

from cli import provider_page
from tests.contract import coverage

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_every_documented_call_and_event_of_every_provider_is_tested_twice() -> None:
    gaps = [row for row in coverage.rows() if not all(row)]
    assert gaps == []


def test_the_page_about_the_providers_is_printed_from_the_code() -> None:
    assert (DOCS / "providers.md").read_text("utf-8") == provider_page.page(), "run `make docs`"


def test_the_page_about_the_tests_is_printed_from_the_code() -> None:
    assert (DOCS / "coverage.md").read_text("utf-8") == coverage.page(), "run `make docs`"
