"""Says what is to be archived with which evidence, and remembers what was."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.signing.model import Frozen
from ledger import outbox
from ledger.casefile import Casefile
from ledger.cases import Happening
from ledger.prepared import Prepared, now
from ledger.schema import attempts, batches, history, inbox, ledgers, requests, signers
from ledger.sql import among
from ledger.store import Ledger
from ledger.wants import Want, prefect_event

Lines = Mapping[str, list[dict[str, Any]]]
"""A table's lines by their request."""


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


class Kept(Frozen):
    """What lies in the archive now; `effect` is the id and version of the effect that is done by it, if one is."""

    request_id: str
    name: str
    sha256: str
    size: int
    effect: tuple[int, int] | None = None


async def to_archive(ledger: Ledger, request_ids: Collection[str]) -> dict[str, Archivable]:
    """Everything archiving needs, by request; those that are unknown, or that no provider ever had, are left out."""
    async with ledger.read() as connection:
        sent = among(connection, requests.c.id, request_ids) & requests.c.provider_id.is_not(None)
        rows = [dict(row) for row in (await connection.execute(select(requests).where(sent))).mappings()]
        ids = [row["id"] for row in rows]
        about = await _about(connection, {row["batch_id"] for row in rows})
        evidence = {
            "signers": await _signers(connection, ids),
            "attempts": await _plain_lines(
                connection, attempts, ids, "number", "started_at", "outcome", "outcome_at", "provider_id"
            ),
            "history": await _plain_lines(
                connection, history, ids, "at", "what", "name", "signer_id", "reason", "delivery_id"
            ),
            "deliveries": await _deliveries(connection, ids),
        }
    names = ("ref", "provider", "account", "provider_id", "document_url", "archive_name")
    return {
        row["id"]: Archivable(
            request_id=row["id"],
            evidence={
                "request": _request(row) | about[row["batch_id"]],
                **{name: lines.get(row["id"], []) for name, lines in evidence.items()},
            },
            **{name: row[name] for name in names},
        )
        for row in rows
    }


async def archived(ledger: Ledger, kept: Sequence[Kept]) -> None:
    """These are kept, all written down in one commit; doing it again overwrites. What nobody knows is left out."""

    async def work(connection: AsyncConnection) -> None:
        casefile = Casefile(connection, await now(connection))
        cases = {case.id: case for case in await casefile.take_out_ids([one.request_id for one in kept])}
        for one in kept:
            if (case := cases.get(one.request_id)) is None:
                continue
            case.happenings.append(Happening("archived", one.sha256, casefile.at))
            case.wanted += [
                Want(case.id, "sheet"),
                prefect_event(case.id, case.batch_id, "archived", one.sha256, casefile.at),
            ]
        await casefile.put_back()
        facts = [
            {"which": one.request_id, "at": casefile.at, "name": one.name, "sha256": one.sha256, "size": one.size}
            for one in kept
        ]
        await _FACTS.run(connection, facts)
        await outbox.mark_done(connection, [one.effect for one in kept if one.effect is not None])

    if kept:
        await ledger.write(work)


_FACTS = Prepared(
    lambda _: (
        update(requests)
        .where(requests.c.id == bindparam("which"))
        .values(
            archived_at=bindparam("at"),
            archived_as=bindparam("name"),
            archived_sha256=bindparam("sha256"),
            archived_size=bindparam("size"),
        )
    )
)


def _request(row: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "ref", "row", "campaign", "key", "round", "mode", "provider", "account", "provider_id", "state",
             "document_sha256", "created_at", "sent_at", "expires_at", "closed_at")  # fmt: skip
    return _plain({name: row[name] for name in names})


async def _about(connection: AsyncConnection, batch_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """What is the same for all requests of a batch."""
    chosen = select(batches.c.id, batches.c.recipe, batches.c.hash).where(among(connection, batches.c.id, batch_ids))
    found = (await connection.execute(chosen)).all()
    ledger_id = (await connection.execute(select(ledgers.c.id))).scalar_one()
    return {row.id: {"ledger": ledger_id, "batch": row.id, "recipe": row.recipe, "plan": row.hash} for row in found}


async def _signers(connection: AsyncConnection, request_ids: Collection[str]) -> Lines:
    names = ("id", "turn", "role", "name", "email", "state", "provider_signer_id", "invited_at", "viewed_at",
             "signed_at", "declined_at", "reminded")  # fmt: skip
    found = await _lines(connection, signers, request_ids, *names)
    return _each(found, lambda one: _plain({("order" if name == "turn" else name): one[name] for name in one}))


async def _deliveries(connection: AsyncConnection, request_ids: Collection[str]) -> Lines:
    """Which webhooks this rests on: their fingerprints, so that the ledger's raw bytes can be held against them."""
    names = ("id", "identity", "genuine", "received_at", "body", "body_sha256")
    return _each(await _lines(connection, inbox, request_ids, *names), _delivery)


def _delivery(one: dict[str, Any]) -> dict[str, Any]:
    emptied: str | None = one.pop("body_sha256")  # for its age: then what it was is known by its fingerprint alone
    return _plain(one) | {"sha256": emptied or hashlib.sha256(one["body"]).hexdigest()}


async def _plain_lines(connection: AsyncConnection, table: Table, request_ids: Collection[str], *names: str) -> Lines:
    return _each(await _lines(connection, table, request_ids, *names), _plain)


async def _lines(connection: AsyncConnection, table: Table, request_ids: Collection[str], *names: str) -> Lines:
    columns = [table.c[name] for name in names]
    chosen = select(table.c.request_id.label("whose"), *columns).where(
        among(connection, table.c.request_id, request_ids)
    )
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in (await connection.execute(chosen.order_by(*table.primary_key.columns))).mappings():
        found[row["whose"]].append({name: row[name] for name in names})
    return found


def _each(lines: Lines, told: Callable[[dict[str, Any]], dict[str, Any]]) -> Lines:
    return {request_id: [told(one) for one in those] for request_id, those in lines.items()}


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Times as text, so that the evidence is JSON; raw bytes are left out."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
        if not isinstance(value, bytes)
    }
