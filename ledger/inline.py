"""Runs a whole write transaction of SQLite's in one go, on a thread of its own.

Through aiosqlite every statement is a trip to a thread and back, and each trip waits for the interpreter twice: a
commit of twenty rows took longer for its trips than for its work. Here the trip is made once a transaction. What the
transaction does is written once for both databases, as a coroutine; on SQLite every call it awaits has its answer at
once, so the coroutine runs through without ever being suspended.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Dialect, Engine
from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")
Work = Callable[[AsyncConnection], Coroutine[Any, Any, T]]


class Inline:
    """Hands transactions to the one thread that holds the one connection."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")

    async def run(self, work: Work[T]) -> T:
        """Run `work` in a transaction, committed at its end and rolled back by an exception.

        Whoever stops waiting gets it rolled back, too, unless it is being committed: else rows would be claimed for
        nobody.
        """
        given_up = threading.Event()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, work, given_up)
        except asyncio.CancelledError:
            given_up.set()
            raise

    async def close(self) -> None:
        """Let the transaction under way end, and close the connection."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._engine.dispose)
        self._thread.shutdown(wait=False)

    def _run(self, work: Work[T], given_up: threading.Event) -> T:
        with self._engine.begin() as connection:
            done = _to_its_end(work(cast(AsyncConnection, AtOnce(connection))))
            if given_up.is_set():
                raise asyncio.CancelledError
            return done


class AtOnce:
    """A connection that is asynchronous in form only: whatever is awaited is there already.

    It has of an AsyncConnection what the ledger uses; `driver` is SQLite's own connection, in the same transaction.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.driver = cast(sqlite3.Connection, connection.connection.driver_connection)

    @property
    def dialect(self) -> Dialect:
        return self._connection.dialect

    async def execute(self, *statement: Any) -> Any:
        return self._connection.execute(*statement)


def _to_its_end(running: Coroutine[Any, Any, T]) -> T:
    try:
        running.send(None)
    except StopIteration as end:
        return cast(T, end.value)
    running.close()
    raise RuntimeError("A transaction of the ledger waited for something outside of it.")
