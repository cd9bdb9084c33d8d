"""Everything a Prefect server has: what its API answers, every cell and every byte of its database, and its files."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx

ASKED = {
    "flow runs": ("flow_runs/filter", 200),
    "task runs": ("task_runs/filter", 200),
    "logs": ("logs/filter", 200),
    "artifacts": ("artifacts/filter", 200),
    "events": ("events/filter", 50),
    "automations": ("automations/filter", 200),
    "deployments": ("deployments/filter", 200),
    "flows": ("flows/filter", 200),
    "work pools": ("work_pools/filter", 200),
    "work queues": ("work_queues/filter", 200),
    "block documents": ("block_documents/filter", 200),
    "variables": ("variables/filter", 200),
}
"""What people see on the server's pages: address below the API, and how many at a time."""


def asked(api: str) -> Iterator[tuple[str, bytes]]:
    """What the API answers, page by page."""
    with httpx.Client(base_url=api, timeout=30, trust_env=False) as client:
        for name, (path, most) in ASKED.items():
            yield f"the API's {name}", b"\n".join(_pages(client, path, most))


def _pages(client: httpx.Client, path: str, most: int) -> Iterator[bytes]:
    offset = 0
    while True:
        answer = client.post(
            f"/{path}", json={"limit": most} if path == "events/filter" else {"limit": most, "offset": offset}
        )
        answer.raise_for_status()
        yield answer.content
        found = answer.json()
        if path == "events/filter":
            while found["next_page"]:
                answer = client.get(found["next_page"])
                yield answer.content
                found = answer.json()
            return
        if len(found) < most:
            return
        offset += most


def tables(database: Path) -> Iterator[tuple[str, bytes]]:
    """Every column of every table as text."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.text_factory = bytes
        names = [row[0].decode() for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            cursor = connection.execute(f'SELECT * FROM "{name}"')
            columns = [described[0] for described in cursor.description]
            cells = list(zip(*cursor, strict=True))
            for column, values in zip(columns, cells, strict=False):
                yield f"the table {name}, column {column}", b"\n".join(map(_text, values))


def _text(cell: object) -> bytes:
    return cell if isinstance(cell, bytes) else json.dumps(cell, default=str).encode()


def files(name: str, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file's name and bytes: the database with its write-ahead log, stored results, and what else lies there."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield (
                f"{name}'s file {path.relative_to(folder)}",
                str(path.relative_to(folder)).encode() + b"\n" + path.read_bytes(),
            )
