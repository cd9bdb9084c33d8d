"""How DocsAutomator writes documents, sessions and signers: the examples of its pages, key by key."""

from __future__ import annotations

from typing import Any

from sandbox.contract import STATES, Contract, ContractState, Signer
from sandbox.docsautomator.automations import Automation
from sandbox.docsautomator.ink import data_url
from sandbox.docsautomator.moments import stamp
from sandbox.docsautomator.requests import Status
from sandbox.links import Links

FOR_EVER_HOURS = 24 * 365.0 * 50
"""Documents that are signed "automatically set PDF expiration to never" (eSign overview, FAQ)."""
STATES_OF: dict[Status, tuple[ContractState, ...]] = {
    "pending": ("sent",),
    "in_progress": ("sent", "signed"),
    "completed": ("signed",),
    "expired": ("expired",),
    "cancelled": ("withdrawn", "failed"),
    "declined": ("declined",),
}
"""In which of the sandbox's states a session with this status can be."""
_OVER: dict[ContractState, Status] = {
    "declined": "declined",
    "expired": "expired",
    "withdrawn": "cancelled",
    "failed": "cancelled",
}
SESSIONS = tuple(state for state in STATES if state != "draft")
"""What was generated without signing stays a draft here, which the provider knows no session for."""


def status(contract: Contract) -> Status:
    """ "In progress" is "at least one signer started", which is taken to mean: opened the link; completion waits for
    the signed PDF."""
    if contract.state in ("sent", "draft"):
        return "in_progress" if any(one.viewed_at or one.done for one in contract.signers) else "pending"
    if contract.state == "signed":
        return "completed" if contract.completed else "in_progress"
    return _OVER[contract.state]


def signer_status(signer: Signer) -> str:
    """`invited` is "Email sent", so where links are delivered by hand nobody is."""
    if signer.state == "waiting" or (signer.state == "invited" and not signer.request_by):
        return "pending"
    return "opened" if signer.state == "viewed" else signer.state


def index(signer: Signer) -> int:
    """The signer's number, from 1."""
    return int(signer.extra["index"])


def original_url(contract: Contract, links: Links) -> str:
    """The PDF as it was generated, unsigned."""
    return links.pdf(contract.upload, FOR_EVER_HOURS)


def signed_url(contract: Contract, links: Links) -> str:
    """The PDF with signatures and certificate."""
    return links.pdf(contract.id, FOR_EVER_HOURS)


def document(contract: Contract, links: Links) -> dict[str, Any]:
    """The answer to POST /createDocument, and the result of a job (Create Document via API, Response)."""
    shown: dict[str, Any] = {
        "message": "success",
        "pdfUrl": original_url(contract, links),
        "documentName": contract.title,
    }
    if contract.extra["skipped"]:
        return shown | {"esignSkipped": True}
    if not contract.signers:
        return shown
    return shown | {
        "signingSessionId": contract.id,
        "signingStatus": "created",
        "signingDeliveryMethod": delivery(contract),
        "signingLinks": [_who(one) | {"signingUrl": links.sign_page(one.id), "status": signer_status(one)}
                         for one in contract.signers],
    }  # fmt: skip


def delivery(contract: Contract) -> str:
    """`email` or `manual` (the pages' words; the OpenAPI file says `link` for the second)."""
    return str(contract.extra["signing"]["deliveryMethod"])


def summary(contract: Contract) -> dict[str, Any]:
    """A session in the list. `webhookParams` came in mid-2026."""
    return {
        "id": contract.id,
        "documentName": contract.title,
        "status": status(contract),
        "signingOrder": contract.extra["signing"]["signingOrder"],
        "signers": [
            {"index": index(one), "email": one.email, "name": one.name, "status": signer_status(one)}
            for one in contract.signers
        ],
        "expiresAt": stamp(contract.due),
        "completedAt": stamp(contract.finished_at),
        "createdAt": stamp(contract.created_at),
        "webhookParams": contract.extra["params"],
    }


def session(contract: Contract, signed_hash: str | None, links: Links) -> dict[str, Any]:
    """Get Session Details."""
    signing, brief = contract.extra["signing"], summary(contract)
    shown = {name: brief[name] for name in ("id", "documentName", "status", "signingOrder")} | {
        "deliveryMethod": delivery(contract),
        "currentSignerIndex": _current(contract),
        "originalPdfUrl": original_url(contract, links),
        "signedPdfUrl": signed_url(contract, links) if contract.completed else None,
        "originalDocumentHash": f"sha256:{contract.upload.removeprefix('upload-')}",
        "signedDocumentHash": signed_hash,
        "esignFields": [_field(contract, field) for field in contract.extra["fields"]],
        "signers": [_signer(one) for one in contract.signers],
        "reminderEnabled": signing["reminderEnabled"],
        "reminderDays": signing["reminderDays"],
        "reminderCount": 0,  # Of the automatic ones, which are not played; whether resending counts is not documented.
        "lastReminderSent": None,
    }
    shown |= {name: brief[name] for name in ("expiresAt", "completedAt", "createdAt", "webhookParams")}
    if contract.state == "declined":
        who = contract.signer(contract.declined_by)
        shown |= {
            "declinedAt": stamp(who.declined_at),
            "declinedBy": declined_by(who),
            "declineReason": who.decline_reason,
        }
    return shown


def links_of(contract: Contract, links: Links) -> list[dict[str, Any]]:
    """Get Signing Links; the same link is called `signingUrl` in the answer to POST /createDocument."""
    return [
        _who(one)
        | {"signingLink": links.sign_page(one.id), "expiresAt": stamp(contract.due), "status": signer_status(one)}
        for one in contract.signers
    ]


def declined_by(signer: Signer) -> dict[str, Any]:
    """Who declined, in details and webhook."""
    return {"email": signer.email, "name": signer.name, "signerIndex": index(signer)}


def values(contract: Contract) -> dict[str, dict[str, Any]]:
    """`fieldValues` of the webhook by field. Pictures of signatures are left out, as they are where values are saved
    (eSign overview, Saving Field Values); that they are left out here too is not documented."""
    fields = [field for field in contract.extra["fields"] if field["type"] != "signature"]
    return {field["id"]: {"type": field["type"], "value": _value(contract, field)} for field in fields}


def automation(one: Automation) -> dict[str, Any]:
    """An automation as the OpenAPI file has it; `esignature` is on the feature page only."""
    return {
        "_id": one.id,
        "title": one.title,
        "dataSource": {"name": one.data_source},
        "dataSourceName": one.data_source,
        "docTemplateLink": f"https://docs.google.com/document/d/{one.template}/edit" if one.template else "",
        "newDocumentNameField": one.new_document_name_field,
        "isActive": one.is_active,
        "saveGoogleDoc": one.save_google_doc,
        "locale": one.locale,
        "formatNumbersWithLocale": one.format_numbers_with_locale,
        "pdfExpiration": one.pdf_expiration,
        "dateCreated": one.date_created,
        "esignature": one.esignature.model_dump(by_alias=True),
    }


def _who(signer: Signer) -> dict[str, Any]:
    return {"signerIndex": index(signer), "email": signer.email, "name": signer.name}


def _current(contract: Contract) -> int:
    """Whose turn it is, at the end the last signer (as in the example); with parallel signing, where it is not
    documented, the first who has not signed."""
    return next((index(one) for one in contract.signers if not one.done), len(contract.signers))


def _signer(signer: Signer) -> dict[str, Any]:
    began, ended = signer.viewed_at, signer.signed_at
    return {
        "index": index(signer),
        "email": signer.email,
        "name": signer.name,
        "role": signer.role,
        "status": signer_status(signer),
        "accessToken": signer.id,
        "invitedAt": stamp(signer.invited_at) if signer.asked and signer.request_by else None,
        "openedAt": stamp(signer.viewed_at),
        "signedAt": stamp(signer.signed_at),
        "declinedAt": stamp(signer.declined_at),
        "declineReason": signer.decline_reason or None,
        "ipAddress": signer.ip or None,
        "consentGivenAt": stamp(signer.signed_at),
        "timezone": None,  # The sandbox asks the browser for neither this nor the place.
        "geoLocation": None,
        "signingDurationSeconds": int((ended - began).total_seconds()) if began and ended else None,
    }


def _field(contract: Contract, field: dict[str, Any]) -> dict[str, Any]:
    """As in the example; the page also speaks of positions, but shows none."""
    who = contract.signers[field["signer"] - 1]
    return {
        "fieldId": field["id"],
        "type": field["type"],
        "tagName": f"{{{{esign.{field['id']}}}}}",
        "signerIndex": field["signer"],
        "role": who.role,
        "value": _value(contract, field),
        "signedAt": stamp(who.signed_at),
        "signedBy": who.email if who.done else None,
    }


def _value(contract: Contract, field: dict[str, Any]) -> str | None:
    """None before it is filled in. A ticked box is `true` (not documented)."""
    who = contract.signers[field["signer"] - 1]
    if not who.done or who.signature is None:
        return None
    if field["type"] == "signature":
        return data_url(who.signature)
    value: str = who.values.get(field["id"], "")
    if field["type"] == "checkbox":
        return "true" if value else "false"
    return value
