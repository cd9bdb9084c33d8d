"""Numbers, amounts, dates, addresses and yes or no, as people write them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from connectors.sheets import Number
from recipes import addresses
from recipes.dates import TwoOrders, read_date
from recipes.headers import bare
from recipes.language import fill
from recipes.model import Column
from recipes.numbers import TwoWays, read_number
from recipes.values import read


def column(kind: str, **more: object) -> Column:
    return Column.model_validate({"type": kind, "example": "x", "description": "x", **more})


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1234.56", "1234.56"),
        ("1234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("1 234,56", "1234.56"),
        ("1'234.56", "1234.56"),
        ("1’234.56", "1234.56"),
        ("1.234.567", "1234567"),
        ("12.5", "12.5"),
        ("0,125", "0.125"),
        ("1234.567", "1234.567"),
        ("-7", "-7"),
        ("\u22127", "-7"),
        ("007", "7"),
    ],
)
def test_a_number_is_read_as_it_is_written_in_many_countries(text: str, number: str) -> None:
    assert read_number(text) == Decimal(number)


@pytest.mark.parametrize("text", ["1.234", "12,345", "999.000"])
def test_one_mark_with_three_digits_behind_it_is_asked_about(text: str) -> None:
    with pytest.raises(TwoWays):
        read_number(text)
    assert read_number(text, "point") != read_number(text, "comma")


@pytest.mark.parametrize(
    "text", ["", "1,23,456", "1.234,567,8", "one", "1e5", "0x10", "1..2", "٣", "1.2.3", "1,234,56"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_number(text)


@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from([(".", ",", "point"), (",", ".", "comma")]))
def test_a_number_written_the_agreed_way_is_that_number(number: Decimal, way: tuple[str, str, str]) -> None:
    mark, thousands, decimal = way
    written = f"{number:,.2f}".translate(str.maketrans({".": mark, ",": thousands}))
    assert read_number(written, decimal) == read_number(written) == number  # type: ignore[arg-type]


def test_a_number_of_excels_has_a_point_whatever_was_agreed() -> None:
    assert read("it", column("number", decimal="comma"), Number("1.234")) == Decimal("1.234")
    assert read("it", column("number"), Number("1.234")) == Decimal("1.234")
    assert read("it", column("integer"), Number("12.00")) == 12
    assert type(read("it", column("text"), Number("00042"))) is str


@pytest.mark.parametrize(
    ("cell", "shown"),
    [("61.5000", "61.5"), ("40.0", "40"), ("1,000,000", "1000000"), ("0.00", "0"), (Number("40.00"), "40")],
)
def test_a_number_is_shown_without_the_zeros_a_format_adds(cell: str, shown: str) -> None:
    assert str(read("it", column("number"), cell)) == shown


@pytest.mark.parametrize(
    ("cell", "amount"),
    [("€ 1.234,50", "1234.50"), ("1,234.5 EUR", "1234.50"), ("EUR 12", "12.00"), ("12", "12.00"), ("0.125", "0.125")],
)
def test_an_amount_may_carry_its_currency(cell: str, amount: str) -> None:
    assert str(read("it", column("money", currency="EUR"), cell)) == amount


@pytest.mark.parametrize("text", ["2026-03-31", "2026/3/31", "31.3.2026", "31. 3. 2026", "3/31/2026", "31-03-2026"])
def test_a_date_is_read_as_it_is_written_in_many_countries(text: str) -> None:
    assert read_date(text) == date(2026, 3, 31)
    assert read_date("2026-03-31 00:00:00") == date(2026, 3, 31)


def test_whether_day_or_month_stands_first_is_asked_about_where_it_matters() -> None:
    with pytest.raises(TwoOrders):
        read_date("03/04/2026")
    assert read_date("03/04/2026", "day") == date(2026, 4, 3)
    assert read_date("03/04/2026", "month") == date(2026, 3, 4)
    assert read_date("04/04/2026") == date(2026, 4, 4)


@pytest.mark.parametrize(
    "text", ["", "2026-02-30", "31.2.2026", "2026-3/1", "1/2/26", "31/31/2026", "2026-01-01 12:30"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_date(text)


@given(st.dates(min_value=date(1000, 1, 1), max_value=date(9999, 12, 31) - timedelta(days=1)))
def test_a_date_written_the_agreed_way_is_that_day(day: date) -> None:
    assert read_date(day.isoformat()) == read_date(f"{day.day}.{day.month}.{day.year}") == day
    assert read_date(f"{day:%d/%m}/{day.year}", "day") == read_date(f"{day:%m/%d}/{day.year}", "month") == day


USUAL = st.from_regex(r"[A-Za-z0-9._+-]{1,70}@[A-Za-z0-9.-]{1,70}", fullmatch=True)
LOCAL = ["a", "josé", "a..b", ".a", "a.", "x" * 64, "x" * 65, '"a b"', ""]
DOMAINS = [
    *("example.com", "EXAMPLE.com", "bücher.example", "xn--bcher-kva.example", "localhost", "a_b.com", "-a.com"),
    *(
        "a.com.",
        "[127.0.0.1]",
        "x" * 63 + ".com",
        "x" * 64 + ".com",
        ".".join(["y" * 49] * 4) + ".com",
        "例え.テスト",
        "",
    ),
]
NAMED = st.builds("{}@{}".format, st.sampled_from(LOCAL), st.sampled_from(DOMAINS))


@given(USUAL | NAMED)
def test_the_short_way_for_usual_addresses_says_what_the_library_says(address: str) -> None:
    try:
        expected = validate_email(address, check_deliverability=False).normalized
    except EmailNotValidError:
        expected = None
    assert addresses.email(address) == expected


@pytest.mark.parametrize(("text", "is_one"), [
    ("https://www.example.com/a?b=c#d", True), ("http://example.com:8080", True), ("https://bücher.example", True),
    ("example.com", False), ("https://", False), ("https://user:word@example.com", False), ("ftp://example.com", False),
    ("https://localhost", False), ("https://example.com/a b", False), ("https://example.com:port", False),
])  # fmt: skip
def test_a_web_address_is_one_that_opens_from_anywhere(text: str, is_one: bool) -> None:
    assert (addresses.url(text) == text) is is_one


@pytest.mark.parametrize(("cell", "said"), [
    ("Yes", True), (" x ", True), ("TRUE", True), ("ja", True), ("Sí", True), ("✓", True), ("1", True),
    ("no", False), ("NEIN", False), ("false", False), ("não", False), ("0", False), ("-", False),
])  # fmt: skip
def test_yes_and_no_are_understood_in_several_languages(cell: str, said: bool) -> None:
    assert read("it", column("yes_no"), cell) is said


def test_yes_and_no_are_shown_as_words_and_asked_for_as_conditions() -> None:
    assert fill("{{ it }}", {"it": True}) == fill("{{ it }}", {"it": True}, markdown=True) == "yes"
    assert fill("{{ it | upper }}{% if it %}!{% endif %}", {"it": False}) == "FALSE"


@pytest.mark.parametrize(
    "written",
    ["signer_email", "Signer E-Mail", "SIGNER  EMAIL", "signer: email", "Sïgner-Émail", "Signer_Email ", "signeremail"],
)
def test_a_header_is_the_columns_name_however_it_is_written(written: str) -> None:
    assert bare(written) == bare("signer_email")
