"""A session's audit trail, told anew from what the sandbox remembers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from sandbox.contract import Contract, Signer
from sandbox.docsautomator.answers import index
from sandbox.docsautomator.moments import stamp
from sandbox.paper import Happening

_EVENTS: dict[str, tuple[str, ...]] = {
    "created": ("session_created",),
    "sent": ("invite_sent",),
    "reminded": ("invite_resent",),
    "viewed": ("link_opened", "document_viewed"),
    "signed": ("consent_given", "field_signed", "signer_completed"),
    "declined": ("signer_declined",),
    "withdrawn": ("session_cancelled",),
    "expired": ("session_expired",),
    "completed": ("session_completed",),
}
"""The event types of Get Audit Trail, as far as they can happen here; fields are filled in on one page at once, so
`field_signed` comes once a field and `field_cleared` never."""
_BY_SIGNER = frozenset({"viewed", "signed", "declined"})
_BY_ADMIN = frozenset({"reminded", "withdrawn"})


def trail(contract: Contract) -> list[dict[str, Any]]:
    """The events, oldest first."""
    told = [event for happening in contract.history for event in _told(contract, happening)]
    return [{"id": _id(contract, number)} | event for number, event in enumerate(told)]


def _told(contract: Contract, happening: Happening) -> Iterator[dict[str, Any]]:
    for name in _EVENTS.get(happening.what, ()):
        who = _signer(contract, happening)
        fields = [one for one in contract.extra["fields"] if who is not None and one["signer"] == index(who)]
        for field in fields if name == "field_signed" else [None]:
            yield _event(contract, happening, name, who, field)


def _event(
    contract: Contract, happening: Happening, name: str, who: Signer | None, field: dict[str, Any] | None
) -> dict[str, Any]:
    """Whom an invitation went to stands in its metadata (not documented); the actor is who did it."""
    by_signer = happening.what in _BY_SIGNER
    return {
        "eventType": name,
        "actorType": "signer" if by_signer else "admin" if happening.what in _BY_ADMIN else "system",
        "actorEmail": who.email if by_signer and who else None,
        "actorSignerIndex": index(who) if by_signer and who else None,
        "fieldId": field["id"] if field else None,
        "fieldType": field["type"] if field else None,
        "metadata": _metadata(contract, name, who),
        "ipAddress": happening.ip or None,
        "userAgent": happening.agent or None,
        "timestamp": stamp(happening.at),
        "timezone": None,
        "geoLocation": None,
    }


def _metadata(contract: Contract, name: str, who: Signer | None) -> dict[str, Any]:
    if name == "session_created":
        return {
            "documentName": contract.title,
            "signerCount": len(contract.signers),
            "signingOrder": contract.extra["signing"]["signingOrder"],
        }
    if name in ("invite_sent", "invite_resent") and who is not None:
        return {"email": who.email, "signerIndex": index(who)}
    if name in ("session_cancelled", "signer_declined"):
        reason = contract.reason
        return {"reason": reason} if reason else {}
    return {}


def _signer(contract: Contract, happening: Happening) -> Signer | None:
    """The history has names only; of two signers with one name the time decides."""
    named = [one for one in contract.signers if happening.who and one.name == happening.who]
    at = [one for one in named if happening.at in (one.invited_at, one.viewed_at, one.signed_at, one.declined_at)]
    return next(iter([*at, *named]), None)


def _id(contract: Contract, number: int) -> str:
    return hashlib.sha256(f"{contract.id}/{number}".encode()).hexdigest()[:24]
