"""Fetches one signed document and keeps it with its evidence."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from blocks.archive import Archive
from connectors.signing.errors import PermanentError
from connectors.signing.provider import Capability, Provider
from flows.accounts import Accounts
from flows.archive.naming import confined, evidence_name
from ledger.archiving import Archivable, Kept


async def keep(accounts: Accounts, archive: Archive, what: Archivable) -> Kept:
    """Keep a completed request's document and evidence; the evidence alone where the provider hands out no document.

    Repeatable: the same names, the same contents.

    The document is written first, its evidence beside it, then the ledger is to hear of it; a crash in between repeats.
    """
    provider = await accounts.client(what.provider, what.account)
    if Capability.DOWNLOAD not in provider.capabilities:
        return await _keep_evidence(archive, what)
    content = await fetch(provider, what)
    name = confined(what.archive_name, what.ref)
    sha256 = hashlib.sha256(content).hexdigest()
    await archive.write(name, content)
    await archive.write(evidence_name(name), evidence(what, name, sha256, len(content)))
    return Kept(request_id=what.request_id, name=name, sha256=sha256, size=len(content))


async def _keep_evidence(archive: Archive, what: Archivable) -> Kept:
    name = evidence_name(confined(what.archive_name, what.ref))
    content = as_json({"document": None, **what.evidence})
    await archive.write(name, content)
    return Kept(request_id=what.request_id, name=name, sha256=hashlib.sha256(content).hexdigest(), size=len(content))


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
