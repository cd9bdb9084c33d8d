"""A house for each module that needs one: everything `esign up` starts, in a home of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.house import House
from tests.acceptance.house import house as brought_up


@pytest.fixture(scope="module")
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The module's `UP` are the options of `esign up`."""
    home = tmp_path_factory.mktemp("acceptance") / "home"
    with brought_up(home, request.module.UP) as everything:
        yield everything
