"""The bodies of the webhooks. Document and signing events go to one address (eSign overview, Webhook Integration)."""

from __future__ import annotations

from typing import Any

from sandbox.contract import Contract, Event
from sandbox.docsautomator import answers
from sandbox.docsautomator.moments import stamp
from sandbox.links import Links

GENERATED = "document.generated"
COMPLETED = "esign.session_completed"
"""Names of ours, for the sandbox's own list: neither body names its event."""


def told(contract: Contract, event: Event, links: Links) -> tuple[str, dict[str, Any]] | None:
    """The event's name and body, or None. Nothing is told of views, cancellations and invitations (Webhook Events)."""
    if event.what == "created":
        return GENERATED, _generated(contract, links)
    if not contract.signers:
        return None
    if event.what == "completed":
        return COMPLETED, _completed(contract, links)
    made = _signing(contract, event, links)
    return None if made is None else (str(made["event"]), made)


def _generated(contract: Contract, links: Links) -> dict[str, Any]:
    """Notify Webhook, Payload Structure; `status` is `completed` though nobody has signed anything."""
    return {
        "pdfUrl": answers.original_url(contract, links),
        "documentName": contract.title,
        "status": "completed",
    } | _params(contract)


def _completed(contract: Contract, links: Links) -> dict[str, Any]:
    """Session Completed has no `event`. The signed PDF is not saved to Google Drive, so there are no keys of it."""
    return {
        "signedPdfUrl": answers.signed_url(contract, links),
        "sessionId": contract.id,
        "documentName": contract.title,
        "status": "completed",
        "completedAt": stamp(contract.finished_at),
        "signers": [
            {"email": one.email, "name": one.name, "signedAt": stamp(one.signed_at)} for one in contract.signers
        ],
        "fieldValues": answers.values(contract),
    } | _source(contract)


def _signing(contract: Contract, event: Event, links: Links) -> dict[str, Any] | None:
    about = {"sessionId": contract.id, "documentName": contract.title}
    who = event.signer
    if event.what == "sent" and answers.delivery(contract) == "manual":
        # Of this body only `signingLinks` with `email` and `signingLink` is known, from the sample handler.
        made = {"event": "esign.session_created"} | about | {"status": "pending", "deliveryMethod": "manual"}
        return made | {"signingLinks": answers.links_of(contract, links)} | _source(contract)
    if event.what == "signed" and who is not None:
        completed = sum(one.done for one in contract.signers)
        signer = {"role": who.role, "signedAt": stamp(who.signed_at)}
        return (
            {"event": "esign.signer_signed"}
            | about
            | {"status": "in_progress", "signer": answers.declined_by(who) | signer}
            | {"progress": _progress(completed, len(contract.signers))}
            | _source(contract)
        )
    if event.what == "declined" and who is not None:
        declined = {"declinedAt": stamp(event.at), "declinedBy": answers.declined_by(who), "reason": event.detail}
        return {"event": "esign.session_declined"} | about | {"status": "declined"} | declined | _source(contract)
    if event.what == "expired":
        times = {"expiredAt": stamp(event.at), "expiresAt": stamp(contract.due)}
        pending = [
            answers.declined_by(one) | {"status": answers.signer_status(one)}
            for one in contract.signers
            if one.state not in ("signed", "declined")
        ]
        expired = {"status": "expired"} | times | {"pendingSigners": pending}
        return {"event": "esign.session_expired"} | about | expired | _source(contract)
    return None


def _progress(completed: int, total: int) -> dict[str, Any]:
    """For the final signer `allSigned` is true while the session is still in progress."""
    return {"completed": completed, "total": total, "allSigned": completed == total}


def _source(contract: Contract) -> dict[str, Any]:
    return {"sourceData": contract.extra["data"]} | _params(contract)


def _params(contract: Contract) -> dict[str, Any]:
    """Under both names, "identical content" (Create Document via API, webhookParams)."""
    return {"webhookParams": contract.extra["params"], "additionalParams": contract.extra["params"]}
