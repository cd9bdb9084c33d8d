"""What a person sees in a cell, whatever the spreadsheet's locale shows."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.sheets import Number
from connectors.sheets.google.displaying import text_of


def cell(number: float, shown: str, kind: str = "", pattern: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"effectiveValue": {"numberValue": number}, "formattedValue": shown}
    if kind:
        found["effectiveFormat"] = {"numberFormat": {"type": kind} | ({"pattern": pattern} if pattern else {})}
    return found


@pytest.mark.parametrize(
    ("number", "shown", "kind", "pattern", "text"),
    [
        (12, "12", "", "", "12"),
        (12.0, "12", "", "", "12"),
        (1234.5, "1234,5", "", "", "1234.5"),
        (0.1 + 0.2, "0,3", "", "", "0.3"),
        (1e21, "1E+21", "", "", "1000000000000000000000"),
        (1234.5, "1.234,50", "NUMBER", "#,##0.00", "1234.50"),
        (1234.5, "1.234,50 €", "CURRENCY", "#,##0.00\\ [$€-407]", "1234.50"),
        (1234.5, "1.234,50 €", "NUMBER", '#,##0.00" €"', "1234.50"),
        (-3.5, "(3.50)", "CURRENCY", '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\);_("$"* "-"??_);_(@_)', "-3.50"),
        (-0.001, "0.00", "NUMBER", "0.00", "0.00"),
        (2.675, "2.68", "NUMBER", "0.00", "2.68"),
        (7, "7.00", "NUMBER", "", "7.00"),
        (1.5, "1.5", "NUMBER", "0.##", "1.5"),
        (1, "1.", "NUMBER", "0.##", "1"),
        (42, "00042", "NUMBER", "00000", "00042"),
        (12345, "1.2E+04", "SCIENTIFIC", "0.0E+00", "12345"),
        (17, "17", "TEXT", "@", "17"),
        (1234.5, "1234.5", "NUMBER", "General", "1234.5"),
        (12345, "12", "NUMBER", "#,##0,", "12345"),
    ],
)
def test_a_number_has_a_point_and_the_decimals_that_are_shown(
    number: float, shown: str, kind: str, pattern: str, text: str
) -> None:
    found = text_of(cell(number, shown, kind, pattern))
    assert found == text and isinstance(found, Number)


@pytest.mark.parametrize(
    ("number", "shown", "kind", "pattern", "text"),
    [
        (46387, "31.12.2026", "DATE", "dd.mm.yyyy", "2026-12-31"),
        (46387.75, "31.12.2026", "DATE", "", "2026-12-31"),
        (46387 + 14.5 / 24, "31.12.2026 14:30", "DATE_TIME", "dd.mm.yyyy hh:mm", "2026-12-31 14:30"),
        (2.5, "1/1/1900 12:00", "DATE_TIME", "", "1900-01-01 12:00"),
        (33.625, "2/1/1900", "DATE", "", "1900-02-01"),
        (0.604224537037037, "14:30:05", "TIME", "hh:mm:ss", "14:30:05"),
        (1.5, "36:00", "TIME", "[h]:mm", "36:00"),
        (1e12, "?", "DATE", "", "?"),
        (0.125, "12,5%", "PERCENT", "0.0%", "12.5%"),
        (0.5, "50.00%", "PERCENT", "", "50.00%"),
        (30123456, "030-12-3456", "NUMBER", "000-00-0000", "030-12-3456"),
        (5551234567, "(555) 123-4567", "NUMBER", "(000) 000-0000", "(555) 123-4567"),
        (42, "INV-0042", "NUMBER", '"INV-"0000', "INV-0042"),
        (7, "", "NUMBER", ";;;", ""),
    ],
)
def test_dates_are_iso_and_what_has_a_shape_of_its_own_is_as_shown(
    number: float, shown: str, kind: str, pattern: str, text: str
) -> None:
    found = text_of(cell(number, shown, kind, pattern))
    assert found == text and not isinstance(found, Number)


def test_truth_and_errors_are_written_as_everywhere() -> None:
    assert text_of({"effectiveValue": {"boolValue": True}, "formattedValue": "WAHR"}) == "TRUE"
    assert text_of({"effectiveValue": {"boolValue": False}, "formattedValue": "FALSCH"}) == "FALSE"
    assert text_of({"effectiveValue": {"errorValue": {"type": "REF"}}, "formattedValue": "#BEZUG!"}) == "#REF!"
    assert text_of({"effectiveValue": {"errorValue": {"type": "NEW"}}, "formattedValue": "#NEW!"}) == "#NEW!"
    assert text_of({}) == ""
