"""Ledgers for the tests: SQLite always, Postgres too where `ESIGN_TEST_POSTGRES_URL` names one (tests/postgres.sh)."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from ledger.store import Ledger
from tests.ledger.making import POSTGRES, Fresh


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[str]:
    name = f"template_{uuid.uuid4().hex[:12]}"
    asyncio.run(_admin(f"CREATE DATABASE {name}"))
    asyncio.run(_make(_at(name)))
    yield name
    asyncio.run(_admin(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(params=["sqlite", *([pytest.param("postgres", marks=pytest.mark.postgres)] if POSTGRES else [])])
def database(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def fresh_url(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Fresh]:
    """Ledgers by the dozen, for tests that need many."""
    made: list[str] = []

    def copy_file() -> str:
        path = tmp_path / f"{uuid.uuid4().hex}.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite+aiosqlite:///{path}"

    def copy_database() -> str:
        template = request.getfixturevalue("postgres_template")
        made.append(f"ledger_{uuid.uuid4().hex[:12]}")
        asyncio.run(_admin(f"CREATE DATABASE {made[-1]} TEMPLATE {template}"))
        return _at(made[-1])

    yield copy_file if database == "sqlite" else copy_database
    for name in made:
        asyncio.run(_admin(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def url(fresh_url: Fresh) -> str:
    return fresh_url()


@pytest.fixture
def new_url(database: str, tmp_path: Path) -> Iterator[str]:
    """Where no ledger is yet."""
    if database == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'home' / 'ledger.db'}"
        return
    name = f"new_{uuid.uuid4().hex[:12]}"
    asyncio.run(_admin(f"CREATE DATABASE {name}"))
    yield _at(name)
    asyncio.run(_admin(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def ledger(url: str) -> AsyncIterator[Ledger]:
    async with await Ledger.open(url) as opened:
        yield opened


def _at(name: str) -> str:
    return make_url(POSTGRES or "").set(database=name).render_as_string(hide_password=False)


async def _make(url: str) -> None:
    await (await Ledger.open(url)).close()


async def _admin(statement: str) -> None:
    engine = create_async_engine(POSTGRES or "", isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()
