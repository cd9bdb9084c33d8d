"""How eSign writes documents, recipients and webhooks: the page's JSON examples, key by key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sandbox.contract import Contract, ContractState, Event, Signer
from sandbox.links import Links
from sandbox.paper import PartyState
from sandbox.switchlabs.requests import Status

STATUSES: dict[ContractState, Status] = {
    "draft": "draft",
    "sent": "sent",
    "signed": "completed",
    "declined": "declined",
    "withdrawn": "voided",
}
"""A document stays `sent` while some have signed (not documented). None expires: the page knows no expiry."""

RECIPIENT_STATUSES: dict[PartyState, str] = {
    "waiting": "pending",
    "invited": "sent",
    "viewed": "viewed",
    "signed": "signed",
    "declined": "declined",
}
"""The last three are the page's events, the first two words of ours (not documented)."""

EVENTS = {
    "created": ["document.created"],
    "sent": ["document.sent"],
    "viewed": ["recipient.viewed"],
    "reminded": ["reminder.sent"],
    "signed": ["recipient.signed"],
    "all_signed": ["document.completed"],
    "declined": ["recipient.declined", "document.declined"],
    "withdrawn": ["document.voided"],
}
"""Webhooks – Available Events. `document.completed` says "all parties signed", so it waits for no PDF."""


def created(contract: Contract, links: Links) -> dict[str, Any]:
    """POST /documents. Recipients stand in the order of the request, and each has an address from the start, of a draft
    and in sequential order too (not documented)."""
    return {
        "id": contract.id,
        "status": STATUSES[contract.state],
        "recipients": [{"id": one.id, "signing_url": links.sign_page(one.id)} for one in contract.signers],
    }


def listed(contract: Contract) -> dict[str, Any]:
    """One row of GET /documents (not documented)."""
    return {
        "id": contract.id,
        "title": contract.title,
        "status": STATUSES[contract.state],
        "created_at": _time(contract.created_at),
        **_times(completed_at=_completed_at(contract)),
    }


def status(contract: Contract) -> dict[str, Any]:
    """GET /documents/{id}/status, "with recipient signing details"; its keys are not documented. There is no address of
    a signing page and none of a PDF in it: no call for them is documented."""
    return {
        "id": contract.id,
        "title": contract.title,
        "status": STATUSES[contract.state],
        **_times(completed_at=_completed_at(contract)),
        "recipients": [_recipient(one) for one in contract.signers],
    }


def payload(name: str, contract: Contract, event: Event) -> dict[str, Any]:
    """Webhooks – Payload Format. What is told of the document has no `recipient_id`, and `data` is empty but for
    `recipient.signed` (not documented)."""
    about = {} if event.signer is None or name.startswith("document.") else {"recipient_id": event.signer.id}
    return {
        "event": name,
        "document_id": contract.id,
        **about,
        "timestamp": _time(event.at),
        "data": _data(name, contract, event),
    }


def _data(name: str, contract: Contract, event: Event) -> dict[str, Any]:
    """`fieldCount` is taken for the number of this recipient's fields (not documented)."""
    if name != "recipient.signed" or event.signer is None:
        return {}
    return {"fieldCount": sum(field.signer == event.signer.id for field in contract.placed)}


def _recipient(signer: Signer) -> dict[str, Any]:
    return {
        "id": signer.id,
        "name": signer.name,
        "email": signer.email,
        "role": signer.role,
        "status": RECIPIENT_STATUSES[signer.state],
        **_times(viewed_at=signer.viewed_at, signed_at=signer.signed_at),
    }


def _completed_at(contract: Contract) -> datetime | None:
    """When the last one signed."""
    if contract.state != "signed":
        return None
    return max(one.signed_at for one in contract.signers if one.signed_at is not None)


def _times(**moments: datetime | None) -> dict[str, str]:
    """What has not happened is left out (not documented)."""
    return {name: _time(at) for name, at in moments.items() if at is not None}


def _time(at: datetime) -> str:
    """`2026-03-26T12:00:00.000Z`."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
