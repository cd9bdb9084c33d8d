"""How Lumin writes signature requests, signers and webhooks: its reference's JSON examples, key by key."""

from __future__ import annotations

import json
from typing import Any

from sandbox.contract import Contract, Event, Signer
from sandbox.links import Links
from sandbox.lumin.times import milliseconds

USER = {"id": "5f2b7c9d1e3a4b6c8d0f1a2b", "email": "sandbox@example.com", "name": "The sandbox account"}
"""Whose key it is (Get User Information)."""
WORKSPACE = "5f2b7c9d1e3a4b6c8d0f1a2c"
CANCEL_FAILED = "cancel_failed"
"""An event of this dialect's own, beside those of the sandbox."""

EVENTS = {
    "sent": "signature_request_created",
    "viewed": "signature_request_viewed",
    "signed": "signature_request_signed",
    "all_signed": "signature_request_approved",
    "completed": "signature_request_downloadable",
    "declined": "signature_request_declined",
    "withdrawn": "signature_request_canceled",
    CANCEL_FAILED: "signature_request_cancel_failed",
    "due_changed": "signature_request_due_date_updated",
    "failed": "signature_request_invalid",
}
"""The list of events in the webhook guide. `created` is told when the processing has gone well, as `invalid` tells that
it has not; of an expiry and of reminders the guide says nothing."""

_ENDS = {"signed": "APPROVED", "declined": "REJECTED", "withdrawn": "CANCELLED", "failed": "FAILED"}


def status(contract: Contract) -> str:
    """There is none for an expired request: it stays as it was (not documented). Whether a signature is needed or
    others are waited for is as the caller sees it, so `NEED_TO_SIGN` only where the account's own user is to sign."""
    if contract.state == "draft":
        return "WAITING_FOR_PROCESSING"
    if contract.state in _ENDS:
        return _ENDS[contract.state]
    mine = [one for one in contract.signers if one.email.lower() == USER["email"]]
    awaited = any(signer_status(contract, one) == "NEED_TO_SIGN" for one in mine)
    return "NEED_TO_SIGN" if awaited else "WAITING_FOR_OTHERS"


def signer_status(contract: Contract, signer: Signer) -> str:
    """Who has signed waits for the others until all have (the example of Send Reminder Emails); who is not in turn yet
    waits too."""
    if contract.state == "draft":
        return "WAITING_FOR_PROCESSING"
    if contract.state == "failed":
        return "FAILED"
    if signer.state == "declined":
        return "REJECTED"
    if signer.done:
        return "APPROVED" if contract.state == "signed" else "WAITING_FOR_OTHERS"
    return "NEED_TO_SIGN" if signer.state in ("invited", "viewed") else "WAITING_FOR_OTHERS"


def created(contract: Contract) -> dict[str, Any]:
    """The answer to both ways of sending; `created_at` is a string here, as in the guides' samples."""
    return {
        "signature_request": {
            "signature_request_id": contract.id,
            "created_at": str(milliseconds(contract.created_at)),
            "status": status(contract),
        }
    }


def shown(contract: Contract, links: Links) -> dict[str, Any]:
    """A signature request with everything about it. Times are numbers, as in the examples (the schema says string)."""
    return {
        "signature_request_id": contract.id,
        "title": contract.title,
        "created_at": milliseconds(contract.created_at),
        "expires_at": _expires(contract),
        "status": status(contract),
        **_reason(contract),
        "signers": [
            {
                "name": one.name,
                "email_address": one.email,
                "status": signer_status(contract, one),
                "is_approved": one.done,
                "group": one.order,
            }
            for one in contract.signers
        ],
        "updated_at": milliseconds(contract.updated_at),
        "details_url": details_url(contract, links),
        "signing_type": contract.extra["signing_type"],
    }


def details_url(contract: Contract, links: Links) -> str:
    """Where the sender looks at the request in a browser; the sandbox has no page for senders and shows the PDF."""
    return links.pdf(contract.id if contract.completed else contract.upload)


def payload(contract: Contract, event: Event, links: Links) -> bytes:
    """A webhook call: signers have `email` in place of `email_address` here, and `details_url` stands outside. What the
    guide calls a signature request error is not shown; it is taken to be the same, with the reason."""
    reason = {"reason": event.detail} if event.what == CANCEL_FAILED else _reason(contract)
    content = {
        "event": {
            "event_time": milliseconds(event.at),
            "event_type": EVENTS[event.what],
            "event_metadata": {"workspace_id": WORKSPACE},
        },
        "signature_request": {
            "signature_request_id": contract.id,
            "title": contract.title,
            "created_at": milliseconds(contract.created_at),
            "updated_at": milliseconds(contract.updated_at),
            "expires_at": _expires(contract),
            "status": status(contract),
            **reason,
            "signers": [
                {
                    "name": one.name,
                    "email": one.email,
                    "status": signer_status(contract, one),
                    "is_approved": one.done,
                }
                for one in contract.signers
            ],
        },
        "details_url": details_url(contract, links),
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _expires(contract: Contract) -> int:
    assert contract.due is not None, "every request has a due date here"
    return milliseconds(contract.due)


def _reason(contract: Contract) -> dict[str, str]:
    """Only of a request that failed or was declined (`reason`)."""
    if contract.state == "failed":
        return {"reason": contract.failure}
    return {"reason": contract.reason} if contract.state == "declined" else {}
