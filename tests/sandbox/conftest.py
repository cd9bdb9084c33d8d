"""A sandbox, its customer, a person with a browser and a place where webhooks arrive."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.sandbox.running import Customer, Person, Receiver, receiving, running


@pytest_asyncio.fixture
async def customer(tmp_path: Path) -> AsyncIterator[Customer]:
    async with running(tmp_path / "home") as one:
        yield one


@pytest_asyncio.fixture
async def hasty(tmp_path: Path) -> AsyncIterator[Customer]:
    """Whose provider's hours last half a second."""
    async with running(tmp_path / "hasty", clock_factor=7200) as one:
        yield one


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


@pytest_asyncio.fixture
async def person(customer: Customer) -> AsyncIterator[Person]:
    one = Person(customer.url)
    async with one.browser:
        yield one
