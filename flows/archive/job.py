"""Fetches one signed document, keeps it with its evidence, and tells the ledger what was kept."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from blocks.archive import Archive
from connectors.signing.errors import PermanentError
from connectors.signing.provider import Capability, Provider
from flows.accounts import Accounts
from flows.archive.naming import confined, evidence_name
from flows.archive.places import Places
from flows.edges import kinds
from flows.effects import put_off
from ledger import archiving, outbox
from ledger.archiving import Archivable
from ledger.outbox import Effect
from ledger.store import Ledger

SECONDS_EACH = 180.0


def archiver(ledger: Ledger, accounts: Accounts, archive: Archive) -> Places:
    """What archives this ledger's documents as they come due."""

    async def due(most: int) -> list[Effect]:
        return await outbox.due(ledger, "archive", most)

    async def keep(effect: Effect) -> bool:
        try:
            async with asyncio.timeout(SECONDS_EACH):
                await archive_request(ledger, accounts, archive, effect.request_id)
            await outbox.done(ledger, [(effect.id, effect.version)])
        except Exception as error:
            await put_off(ledger, effect, ", ".join(kinds(error)))
            return False
        return True

    return Places(due, keep)


async def archive_request(ledger: Ledger, accounts: Accounts, archive: Archive, request_id: str) -> None:
    """Keep a completed request's document and evidence; the evidence alone where the provider hands out no document.

    Repeatable: the same names, the same contents.

    The document is written first, its evidence beside it, then the ledger hears of it; a crash in between repeats.
    """
    what = await archiving.to_archive(ledger, request_id)
    provider = await accounts.client(what.provider, what.account)
    if Capability.DOWNLOAD not in provider.capabilities:
        await _keep_evidence(ledger, archive, what)
        return
    content = await fetch(provider, what)
    name = confined(what.archive_name, what.ref)
    sha256 = hashlib.sha256(content).hexdigest()
    await archive.write(name, content)
    await archive.write(evidence_name(name), evidence(what, name, sha256, len(content)))
    await archiving.archived(ledger, request_id, name, sha256, len(content))


async def _keep_evidence(ledger: Ledger, archive: Archive, what: Archivable) -> None:
    name = evidence_name(confined(what.archive_name, what.ref))
    content = as_json({"document": None, **what.evidence})
    await archive.write(name, content)
    await archiving.archived(ledger, what.request_id, name, hashlib.sha256(content).hexdigest(), len(content))


async def fetch(provider: Provider, what: Archivable) -> bytes:
    """The signed PDF, from the link an event brought, or after asking for a fresh one when that has run out."""
    if what.document_url is not None:
        try:
            return await provider.download(what.provider_id, what.document_url)
        except PermanentError:
            # Links live for days only, and a late delivery may bring a dead one.
            pass
    return await provider.download(what.provider_id)


def evidence(what: Archivable, name: str, sha256: str, size: int) -> bytes:
    """What can be shown later without the ledger: who, when, in which order, and the document's fingerprint."""
    content: dict[str, Any] = {
        "document": {"name": name, "sha256": sha256, "size": size, "archived_at": datetime.now(UTC).isoformat()},
        **what.evidence,
    }
    return as_json(content)


def as_json(content: dict[str, Any]) -> bytes:
    """Evidence as it is kept: the same bytes for the same facts."""
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, default=str).encode()
