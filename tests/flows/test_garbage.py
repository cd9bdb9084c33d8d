"""While a batch is sent Python looks for garbage less often, and afterwards as before."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from flows.send.garbage import NEW_OBJECTS, seldom_looked_for


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@pytest.mark.parametrize(
    ("set_by_somebody", "meanwhile"),
    [(700, NEW_OBJECTS), (NEW_OBJECTS * 5, NEW_OBJECTS * 5), (0, 0)],
    ids=["as Python does", "less often already", "never"],
)
def test_it_only_ever_means_less_often_and_ends_with_the_block(set_by_somebody: int, meanwhile: int) -> None:
    gc.set_threshold(set_by_somebody, 11, 12)
    with pytest.raises(RuntimeError), seldom_looked_for():
        assert gc.get_threshold() == (meanwhile, 11, 12)
        raise RuntimeError
    assert gc.get_threshold() == (set_by_somebody, 11, 12)
