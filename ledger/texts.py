"""Keeps the documents of claimed rows at hand: a thousand rows often have one text."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.signing.model import Document
from ledger.schema import documents
from ledger.sql import among

MOST = 64
MOST_BYTES = 16 * 1024 * 1024
"""A text has a few thousand characters, a PDF that somebody gave may have ten megabytes."""


class Texts:
    """The documents used last, by their SHA-256: at most 64 of them, and no more than 16 MB together."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    async def fetch(self, connection: AsyncConnection, names: Collection[str]) -> dict[str, Document]:
        """These documents, read from the ledger where they are not at hand."""
        found = {name: self._kept[name] for name in names if name in self._kept}
        if missing := set(names) - found.keys():
            chosen = select(documents.c.sha256, documents.c.content).where(
                among(connection, documents.c.sha256, sorted(missing))
            )
            for sha256, content in await connection.execute(chosen):
                found[sha256] = Document.model_validate_json(content)
        for name, document in found.items():
            self._keep(name, document)
        return found

    def _keep(self, name: str, document: Document) -> None:
        if name not in self._kept:
            self._kept[name] = document
            self._bytes += size(document)
        self._kept.move_to_end(name)
        while len(self._kept) > MOST or self._bytes > MOST_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= size(oldest)


def size(document: Document) -> int:
    """How much memory a document takes, near enough."""
    return len(document.pdf or b"") + len(document.markdown or "")
