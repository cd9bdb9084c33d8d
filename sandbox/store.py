"""Keeps the sandbox's state in SQLite: one thread, one transaction a call, all SQL in this file."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from sandbox.contract import Contract, ContractState, Letter, from_json, to_json

T = TypeVar("T")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS contracts (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL,
  pending INTEGER NOT NULL, record BLOB NOT NULL, dialect TEXT NOT NULL DEFAULT 'esignatures', expires REAL);
CREATE INDEX IF NOT EXISTS contracts_pending ON contracts (pending) WHERE pending;
CREATE INDEX IF NOT EXISTS contracts_expiring ON contracts (expires) WHERE state = 'sent';
CREATE TABLE IF NOT EXISTS signers (id TEXT PRIMARY KEY, contract TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS signers_contract ON signers (contract);
CREATE TABLE IF NOT EXISTS mails (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, address TEXT NOT NULL, subject TEXT NOT NULL,
  text TEXT NOT NULL, link TEXT, kind TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT, contract TEXT NOT NULL, dialect TEXT NOT NULL, event TEXT NOT NULL,
  url TEXT NOT NULL, body BLOB NOT NULL, tries INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting', answer TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS deliveries_waiting ON deliveries (id) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS templates (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS notes (
  dialect TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (dialect, kind, name));
"""

_OLDER = (
    "ALTER TABLE contracts ADD COLUMN dialect TEXT NOT NULL DEFAULT 'esignatures'",
    "ALTER TABLE contracts ADD COLUMN expires REAL",
    "UPDATE contracts SET expires = 86400 * (julianday(json_extract(record || '', '$.expires_at')) - 2440587.5)",
)
"""Homes from the time when there was one dialect."""


_AMONG = "WHERE (?1 IS NULL OR dialect = ?1) AND (?2 = '[]' OR state IN (SELECT value FROM json_each(?2)))"


@dataclass(frozen=True)
class Delivery:
    """One webhook call: `waiting` until answered with 2xx (`delivered`) or given up (`lost`)."""

    id: int
    contract_id: str
    dialect: str
    event: str
    url: str
    body: bytes
    tries: int
    due: float
    state: str
    answer: str


@dataclass(frozen=True)
class StoredMail:
    """A letter as the mailbox holds it."""

    id: int
    at: datetime
    letter: Letter


class Tables:
    """What can be asked and changed inside one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    def contract(self, contract_id: str) -> Contract | None:
        """The whole record."""
        row = self._sql.execute("SELECT record FROM contracts WHERE id = ?", (contract_id,)).fetchone()
        return from_json(row[0]) if row else None

    def contract_of(self, signer_id: str) -> Contract | None:
        """The contract a signer belongs to."""
        row = self._sql.execute("SELECT contract FROM signers WHERE id = ?", (signer_id,)).fetchone()
        return self.contract(row[0]) if row else None

    def save(self, contract: Contract) -> None:
        """Stores a new or changed contract."""
        self._sql.execute(
            "INSERT INTO contracts (id, state, pending, record, dialect, expires) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET state = excluded.state, pending = excluded.pending, "
            "record = excluded.record, expires = excluded.expires",
            (contract.id, contract.state, contract.pending, to_json(contract), contract.dialect, _seconds(contract)),
        )
        present = {row[0] for row in self._sql.execute("SELECT id FROM signers WHERE contract = ?", (contract.id,))}
        wanted = {signer.id for signer in contract.signers}
        self._sql.executemany("DELETE FROM signers WHERE id = ?", [(one,) for one in present - wanted])
        self._sql.executemany("INSERT INTO signers VALUES (?, ?)", [(one, contract.id) for one in wanted - present])

    def remove(self, contract_id: str) -> None:
        """Forgets a contract."""
        self._sql.execute("DELETE FROM signers WHERE contract = ?", (contract_id,))
        self._sql.execute("DELETE FROM contracts WHERE id = ?", (contract_id,))

    def newest(
        self, dialect: str | None, states: Collection[ContractState], limit: int | None, offset: int
    ) -> list[Contract]:
        """Contracts, newest first; of one dialect, or of all."""
        rows = self._sql.execute(
            f"SELECT record FROM contracts {_AMONG} ORDER BY number DESC LIMIT ? OFFSET ?",  # noqa: S608 (a constant)
            (*_among(dialect, states), -1 if limit is None else limit, offset),
        )
        return [from_json(row[0]) for row in rows]

    def count(self, dialect: str | None, states: Collection[ContractState]) -> int:
        """How many there are."""
        query = f"SELECT count(*) FROM contracts {_AMONG}"  # noqa: S608 (a constant)
        return int(self._sql.execute(query, _among(dialect, states)).fetchone()[0])

    def overdue(self, now: datetime) -> list[str]:
        """Contracts that are open and should not be."""
        query = "SELECT id FROM contracts WHERE state = 'sent' AND expires <= ? ORDER BY expires"
        return [row[0] for row in self._sql.execute(query, (now.timestamp(),))]

    def pending(self) -> list[str]:
        """Contracts whose PDF has still to be made."""
        return [row[0] for row in self._sql.execute("SELECT id FROM contracts WHERE pending ORDER BY number")]

    def put_mails(self, letters: Iterable[Letter], now: datetime) -> None:
        """Puts letters into the mailbox."""
        self._sql.executemany(
            "INSERT INTO mails (at, address, subject, text, link, kind) VALUES (?, ?, ?, ?, ?, ?)",
            [(now.timestamp(), one.to, one.subject, one.text, one.link, one.kind) for one in letters],
        )

    def mails(self, most: int, before: int | None) -> list[StoredMail]:
        """Newest first."""
        rows = self._sql.execute(
            "SELECT * FROM mails WHERE ? IS NULL OR id < ? ORDER BY id DESC LIMIT ?", (before, before, most)
        )
        return [_mail(row) for row in rows]

    def mail(self, mail_id: int) -> StoredMail | None:
        """One message."""
        row = self._sql.execute("SELECT * FROM mails WHERE id = ?", (mail_id,)).fetchone()
        return _mail(row) if row else None

    def put_delivery(self, contract: Contract, event: str, url: str, body: bytes, now: datetime) -> Delivery:
        """Queues one webhook call."""
        row = self._sql.execute(
            "INSERT INTO deliveries (contract, dialect, event, url, body, due) VALUES (?, ?, ?, ?, ?, ?) RETURNING *",
            (contract.id, contract.dialect, event, url, body, now.timestamp()),
        ).fetchone()
        return Delivery(*row)

    def deliveries(self, *, waiting_only: bool) -> list[Delivery]:
        """Webhook calls in the order they happened."""
        where = "WHERE state = 'waiting'" if waiting_only else ""
        return [Delivery(*row) for row in self._sql.execute(f"SELECT * FROM deliveries {where} ORDER BY id")]  # noqa: S608 (two constants)

    def tried(self, delivery: Delivery) -> None:
        """Records what came of an attempt."""
        self._sql.execute(
            "UPDATE deliveries SET tries = ?, due = ?, state = ?, answer = ? WHERE id = ?",
            (delivery.tries, delivery.due, delivery.state, delivery.answer, delivery.id),
        )

    def template(self, template_id: str) -> dict[str, Any] | None:
        """One template's record."""
        row = self._sql.execute("SELECT record FROM templates WHERE id = ?", (template_id,)).fetchone()
        return dict(json.loads(row[0])) if row else None

    def templates(self) -> list[dict[str, Any]]:
        """All templates, newest first."""
        return [json.loads(row[0]) for row in self._sql.execute("SELECT record FROM templates ORDER BY number DESC")]

    def save_template(self, template_id: str, record: dict[str, Any]) -> None:
        """Stores a new or changed template."""
        self._sql.execute(
            "INSERT INTO templates (id, record) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record",
            (template_id, json.dumps(record)),
        )

    def remove_template(self, template_id: str) -> None:
        """Forgets a template."""
        self._sql.execute("DELETE FROM templates WHERE id = ?", (template_id,))

    def note(self, dialect: str, kind: str, name: str, value: Any) -> None:
        """Keeps a JSON value of a dialect's own; None forgets it."""
        if value is None:
            self._sql.execute("DELETE FROM notes WHERE dialect = ? AND kind = ? AND name = ?", (dialect, kind, name))
            return
        self._sql.execute(
            "INSERT INTO notes VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
            (dialect, kind, name, json.dumps(value)),
        )

    def notes(self, dialect: str, kind: str) -> dict[str, Any]:
        """All values of a kind, by name, in the order they were first kept."""
        query = "SELECT name, value FROM notes WHERE dialect = ? AND kind = ? ORDER BY rowid"
        return {name: json.loads(value) for name, value in self._sql.execute(query, (dialect, kind))}

    def noted(self, dialect: str, kind: str, name: str) -> Any:
        """One of them, or None."""
        query = "SELECT value FROM notes WHERE dialect = ? AND kind = ? AND name = ?"
        row = self._sql.execute(query, (dialect, kind, name)).fetchone()
        return json.loads(row[0]) if row else None

    def remembered(self, name: str, make: Callable[[], str]) -> str:
        """A value made once in this home's life."""
        self._sql.execute("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO NOTHING", (name, make()))
        return str(self._sql.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0])

    def remember(self, name: str, value: str) -> None:
        """Sets or changes such a value."""
        self._sql.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (name, value)
        )


class Store:
    """The database file and its thread. WAL with synchronous=NORMAL survives a killed process, which is what counts
    here; locking_mode=EXCLUSIVE keeps a second sandbox out of the same home."""

    def __init__(self, connection: sqlite3.Connection, thread: ThreadPoolExecutor) -> None:
        self._connection = connection
        self._tables = Tables(connection)
        self._thread = thread

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Opens or makes the file; raises sqlite3.OperationalError when another sandbox has it."""
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sandbox-store")
        try:
            connection = await asyncio.get_running_loop().run_in_executor(thread, _connect, path)
        except BaseException:
            thread.shutdown(wait=False)
            raise
        return cls(connection, thread)

    async def run(self, job: Callable[[Tables], T]) -> T:
        """Runs a job in one transaction; an exception undoes it."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._transaction, job)

    async def close(self) -> None:
        """Waits for what runs and closes the file."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
        self._thread.shutdown()

    def _transaction(self, job: Callable[[Tables], T]) -> T:
        self._connection.execute("BEGIN")
        try:
            result = job(self._tables)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        return result


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=1.0)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    columns = {row[1] for row in connection.execute("PRAGMA table_info(contracts)")}
    if columns and "dialect" not in columns:
        connection.executescript(f"BEGIN; {'; '.join(_OLDER)}; COMMIT")
    connection.executescript(_SCHEMA)
    return connection


def _among(dialect: str | None, states: Collection[ContractState]) -> tuple[str | None, str]:
    return dialect, json.dumps(sorted(states))


def _seconds(contract: Contract) -> float | None:
    return None if contract.expires_at is None else contract.expires_at.timestamp()


def _mail(row: tuple[Any, ...]) -> StoredMail:
    number, at, address, subject, text, link, kind = row
    return StoredMail(number, datetime.fromtimestamp(at, UTC), Letter(address, subject, text, kind, link))
