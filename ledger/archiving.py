"""Says what is to be archived with which evidence, and remembers what was."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.signing.model import Frozen
from ledger.casefile import Casefile
from ledger.cases import Happening
from ledger.errors import NotInLedger
from ledger.prepared import now
from ledger.schema import attempts, batches, history, inbox, ledgers, requests, signers
from ledger.store import Ledger
from ledger.wants import Want, prefect_event


class Archivable(Frozen):
    """A completed request: where to fetch the document, what to call it, and what can be shown about it later."""

    request_id: str
    ref: str
    provider: str
    account: str
    provider_id: str
    document_url: str | None
    archive_name: str
    evidence: dict[str, Any]


async def to_archive(ledger: Ledger, request_id: str) -> Archivable:
    """Everything archiving needs. Raises `NotInLedger` for an unknown id, or one the provider never had."""
    async with ledger.read() as connection:
        sent = (requests.c.id == request_id) & requests.c.provider_id.is_not(None)
        row = (await connection.execute(select(requests).where(sent))).mappings().one_or_none()
        if row is None:
            raise NotInLedger(f"The ledger knows nothing to archive for {request_id}.")
        evidence = {
            "request": await _about(connection, dict(row)),
            "signers": await _signers(connection, request_id),
            "attempts": await _lines(connection, attempts, request_id, "number", "started_at", "outcome", "outcome_at",
                                     "provider_id"),
            "history": await _lines(connection, history, request_id, "at", "what", "name", "signer_id", "reason",
                                    "delivery_id"),
            "deliveries": await _deliveries(connection, request_id),
        }  # fmt: skip
    names = ("ref", "provider", "account", "provider_id", "document_url", "archive_name")
    return Archivable(request_id=request_id, evidence=evidence, **{name: row[name] for name in names})


async def archived(ledger: Ledger, request_id: str, name: str, sha256: str, size: int) -> None:
    """The document is kept under this name; doing it again overwrites. Raises `NotInLedger`."""
    async with ledger.begin() as connection:
        casefile = Casefile(connection, await now(connection))
        cases = await casefile.take_out(requests.c.id == request_id)
        if not cases:
            raise NotInLedger(f"The ledger knows no request {request_id}.")
        case = cases[0]
        case.happenings.append(Happening("archived", sha256, casefile.at))
        case.wanted += [
            Want(request_id, "sheet"),
            prefect_event(request_id, case.batch_id, "archived", sha256, casefile.at),
        ]
        await casefile.put_back()
        facts = {"archived_at": casefile.at, "archived_as": name, "archived_sha256": sha256, "archived_size": size}
        await connection.execute(update(requests).where(requests.c.id == request_id).values(facts))


async def _about(connection: AsyncConnection, row: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "ref", "row", "campaign", "key", "round", "mode", "provider", "account", "provider_id", "state",
             "document_sha256", "created_at", "sent_at", "expires_at", "closed_at")  # fmt: skip
    batch = (await connection.execute(select(batches).where(batches.c.id == row["batch_id"]))).mappings().one()
    ledger_id = (await connection.execute(select(ledgers.c.id))).scalar_one()
    more = {"ledger": ledger_id, "batch": batch["id"], "recipe": batch["recipe"], "plan": batch["hash"]}
    return _plain({name: row[name] for name in names}) | more


async def _signers(connection: AsyncConnection, request_id: str) -> list[dict[str, Any]]:
    names = ("id", "turn", "role", "name", "email", "state", "provider_signer_id", "invited_at", "viewed_at",
             "signed_at", "declined_at", "reminded")  # fmt: skip
    found = await _lines(connection, signers, request_id, *names)
    return [{("order" if name == "turn" else name): value for name, value in one.items()} for one in found]


async def _deliveries(connection: AsyncConnection, request_id: str) -> list[dict[str, Any]]:
    """Which webhooks this rests on: their fingerprints, so that the ledger's raw bytes can be held against them."""
    names = ("id", "identity", "genuine", "received_at", "body")
    chosen = select(*(inbox.c[name] for name in names)).where(inbox.c.request_id == request_id).order_by(inbox.c.id)
    found = [dict(row) for row in (await connection.execute(chosen)).mappings()]
    return [_plain(one) | {"sha256": hashlib.sha256(one.pop("body")).hexdigest()} for one in found]


async def _lines(connection: AsyncConnection, table: Any, request_id: str, *names: str) -> list[dict[str, Any]]:
    chosen = select(*(table.c[name] for name in names)).where(table.c.request_id == request_id)
    rows = await connection.execute(chosen.order_by(*table.primary_key.columns))
    return [_plain(dict(row)) for row in rows.mappings()]


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Times as text, so that the evidence is JSON; raw bytes are left out."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
        if not isinstance(value, bytes)
    }
