"""Opens the ledger, brings it up to date, and hands out transactions."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import time
import traceback
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import Engine, create_engine, event, make_url, select
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ledger.errors import LedgerError, LedgerUnavailable
from ledger.ids import new_id
from ledger.inline import Inline, Work
from ledger.migrations import is_current, migrate
from ledger.schema import ledgers
from ledger.sql import now_ms, serialize, upsert

BUSY_SECONDS = 30
STRAIGHT = (sqlite3.OperationalError, sqlite3.InterfaceError)
"""What SQLite's driver says for itself where it is spoken to straight (`ledger.prepared`)."""

T = TypeVar("T")


class Ledger:
    """The one truth about what was sent and what became of it.

    Open it with `async with await Ledger.open(url) as ledger`. It belongs to the event loop it was opened in.
    `id` is the ledger's own id (`led_…`), `short_id` the six characters a sheet's `esign id` begins with.
    """

    def __init__(self, engine: AsyncEngine, ledger_id: str) -> None:
        self.id = ledger_id
        self.short_id = ledger_id[-6:]
        self._engine = engine
        self._writers = engine.execution_options(writes=True)
        # SQLite lets one writer in at a time; queueing here is fair, its own waiting is a lottery
        self._turn = asyncio.Lock() if engine.dialect.name == "sqlite" else contextlib.nullcontext()
        self._inline = Inline(_plain_engine(engine)) if engine.dialect.name == "sqlite" else None

    @classmethod
    async def open(cls, url: str) -> Ledger:
        """Open the ledger at a SQLAlchemy address (`sqlite+aiosqlite:///…`, `postgresql+asyncpg://…`).

        A new one is made and an older one brought up to date, also when several processes do so at once; a new
        folder gets mode 0700 and a new file 0600. Raises `LedgerTooNew` and `LedgerUnavailable`.
        """
        engine = _engine(url)
        try:
            with _without_content():
                if engine.dialect.name == "sqlite" and engine.url.database:
                    await asyncio.to_thread(_prepare_file, Path(engine.url.database))
                return cls(engine, await _up_to_date(engine))
        except BaseException:
            await engine.dispose()
            raise

    async def close(self) -> None:
        if self._inline is not None:
            await self._inline.close()
        await self._engine.dispose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    @contextlib.asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A write transaction: committed, with fsync, at the end of the block; rolled back by an exception."""
        with _without_content():
            try:
                async with self._turn, self._writers.begin() as connection:
                    yield connection
            except asyncio.CancelledError as error:
                # The connection was closed, but SQLite keeps it, and its write lock, as long as a statement is alive
                # that nobody has read to its end; the frames of the interruption may hold one for long.
                traceback.clear_frames(error.__traceback__)
                raise

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a write transaction like `begin`'s, on SQLite as a single trip: for what is done row by row.

        `work` awaits nothing but its connection.
        """
        if self._inline is None:
            async with self.begin() as connection:
                return await work(connection)
        with _without_content():
            async with self._turn:
                return await self._inline.run(work)

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A read transaction; on SQLite it sees one unchanging picture."""
        with _without_content():
            async with self._engine.connect() as connection:
                yield connection


@contextlib.contextmanager
def _without_content() -> Iterator[None]:
    """Turn the database's complaints into ours: its own quote the row (`DETAIL: Key (…)=(…)`)."""
    try:
        yield
    except (OperationalError, InterfaceError, NoConnectionFree, OSError, *STRAIGHT) as problem:
        what = type(getattr(problem, "orig", None) or problem).__name__
        raise LedgerUnavailable(f"The ledger cannot be reached or written right now ({what}).") from None
    except DBAPIError as problem:
        raise LedgerError(f"The ledger refused a change ({type(problem.orig).__name__}).") from None
    except sqlite3.Error as problem:
        raise LedgerError(f"The ledger refused a change ({type(problem).__name__}).") from None
    except Exception as problem:
        if not type(problem).__module__.startswith("asyncpg"):
            raise
        # said while connecting, where SQLAlchemy does not listen yet
        raise LedgerUnavailable(f"The ledger cannot be opened ({type(problem).__name__}).") from None


def _engine(url: str) -> AsyncEngine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_async_engine(url, hide_parameters=True, pool_pre_ping=True, pool_size=5, max_overflow=10)
    engine = create_async_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})
    _sqlites_manners(engine.sync_engine)
    return engine


def _plain_engine(engine: AsyncEngine) -> Engine:
    """The same file through the plain driver, one connection that any thread may use, one after the other."""
    plain = create_engine(
        engine.url.set(drivername="sqlite+pysqlite"),
        hide_parameters=True,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        execution_options={"writes": True},
    )
    _sqlites_manners(plain)
    return plain


def _sqlites_manners(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _began(connection: Any) -> None:
        # a transaction that begins as a reader and then writes may fail at once, whatever the busy timeout
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare_file(path: Path) -> None:
    """Make folder and file for the owner's eyes only, and switch to the write-ahead log, which lasts."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    give_up = time.monotonic() + BUSY_SECONDS
    with contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection:
        while True:  # the switch needs the file for itself and does not honour the busy timeout
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as problem:
                if time.monotonic() > give_up:
                    raise OSError("the ledger's file is locked") from problem
                time.sleep(0.05)


async def _up_to_date(engine: AsyncEngine) -> str:
    async with engine.connect() as connection:
        if await connection.run_sync(is_current) and (known := await _ledger_id(connection)):
            return known
    async with engine.execution_options(writes=True).begin() as connection:
        await serialize(connection, "migrate")
        await connection.run_sync(migrate)
        fresh = upsert(connection, ledgers).values(one=1, id=new_id("led"), created_at=now_ms())
        await connection.execute(fresh.on_conflict_do_nothing())
        made = await _ledger_id(connection)
    if made is None:
        raise LedgerError("The ledger has no id; it is damaged.")
    return made


async def _ledger_id(connection: AsyncConnection) -> str | None:
    return (await connection.execute(select(ledgers.c.id))).scalar_one_or_none()
