"""One sandbox for each suite: starting one takes seconds."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.contract.at_the_sandbox import AtTheSandbox
from tests.contract.scene import Scene, scene


@pytest_asyncio.fixture(scope="class", loop_scope="class")
async def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """The sandbox, the account and the people of one suite."""
    suite: type[AtTheSandbox] = request.cls
    home = tmp_path_factory.mktemp("sandbox")
    async with scene(suite.provider_class, home, created=suite.created) as one:
        yield one
