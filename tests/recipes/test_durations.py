"""Durations as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipes.durations import duration, written


@pytest.mark.parametrize(("text", "seconds"), [("3d", 259200), ("12h", 43200), ("5m", 300), ("30s", 30)])
def test_a_duration_is_a_number_and_a_letter(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)
    assert written(duration(text)) == text


@pytest.mark.parametrize("text", ["3", "d", "3 d", "0d", "-1d", "1.5h", "3d\n", "1w", 3, None, "9999999d"])
def test_anything_else_is_refused_with_an_example(text: object) -> None:
    with pytest.raises(ValueError, match="like 3d or 12h"):
        duration(text)


@given(st.integers(min_value=1, max_value=999_999))
def test_what_is_written_is_read_as_the_same(seconds: int) -> None:
    assert duration(written(timedelta(seconds=seconds))) == timedelta(seconds=seconds)
