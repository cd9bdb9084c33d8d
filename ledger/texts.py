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


class Texts:
    """The documents used last, by their SHA-256; at most 64 of them."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Document] = OrderedDict()

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
            self._kept[name] = document
            self._kept.move_to_end(name)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return found
