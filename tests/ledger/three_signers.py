"""What each provider reports of a request that three people sign one after the other, in its own words."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

BEGAN = datetime(2026, 3, 26, 12, 0, tzinfo=UTC)
ID, REF = "P1", "E7K2M9Q4XW"
PEOPLE = (1, 2, 3)


def at(place: int) -> datetime:
    """When the story's event at this place happened."""
    return BEGAN + timedelta(minutes=place)


def person(number: int, **more: Any) -> dict[str, Any]:
    return {"email": f"person{number:02}@example.com", "name": f"Signer {number}", **more}


def esignatures() -> list[bytes]:
    """Each is invited, views and signs; the webhooks tell no time."""
    contract = {"id": ID, "metadata": REF}
    told: list[dict[str, Any]] = []
    for number in PEOPLE:
        signer = person(number, id=f"s{number}")
        for status in ("contract-sent-to-signer", "signer-viewed-the-contract", "signer-signed"):
            told.append({"status": status, "data": {"signer": signer, "contract": contract}})
    signed = {**contract, "contract_pdf_url": "https://files.example.com/1.pdf"}
    signed["signers"] = [person(number, id=f"s{number}") for number in PEOPLE]  # type: ignore[assignment] # a list
    return [_raw(one) for one in (*told, {"status": "contract-signed", "data": {"contract": signed}})]


def lumin() -> list[bytes]:
    """Who viewed or signed is never said; how all stand always is. Signed by all and *downloadable* are two events."""
    told = [_lumin("created", 0, 0)]
    for number in PEOPLE:
        told.append(_lumin("viewed", len(told), number - 1))
        if number < len(PEOPLE):
            told.append(_lumin("signed", len(told), number))
    told.append(_lumin("approved", len(told), len(PEOPLE)))
    return [_raw(one) for one in (*told, _lumin("downloadable", len(told), len(PEOPLE)))]


def _lumin(what: str, place: int, signed: int) -> dict[str, Any]:
    status = {True: "APPROVED" if signed == len(PEOPLE) else "WAITING_FOR_OTHERS", False: "NEED_TO_SIGN"}
    return {
        "event": {"event_type": f"signature_request_{what}", "event_time": round(at(place).timestamp() * 1000)},
        "signature_request": {
            "signature_request_id": ID,
            "title": f"Agreement [{REF}]",
            "status": status[signed > 0],
            "signers": [person(one, status=status[one <= signed], is_approved=one <= signed) for one in PEOPLE],
        },
    }


def switchlabs() -> list[bytes]:
    """Nothing but ids and times, and no mark of ours."""
    what = [("document.created", None), ("document.sent", None)]
    for number in PEOPLE:
        what += [("recipient.viewed", f"s{number}"), ("recipient.signed", f"s{number}")]
    what.append(("document.completed", None))
    told = []
    for place, (event, who) in enumerate(what):
        whose = {"recipient_id": who} if who else {}
        told.append({"event": event, "document_id": ID, "timestamp": at(place).isoformat(), "data": {}, **whose})
    return [_raw(one) for one in told]


def docsautomator() -> list[bytes]:
    """No proof, so that each is confirmed by what the provider answers."""
    marks = {"webhookParams": {"ref": REF, "proof": "made-up"}, "additionalParams": {"ref": REF, "proof": "made-up"}}
    told: list[dict[str, Any]] = [{"event": "esign.session_created", "sessionId": ID, "status": "pending", **marks}]
    for number in PEOPLE:
        signer = person(number, signerIndex=number, signedAt=at(number).isoformat())
        told.append({"event": "esign.signer_signed", "sessionId": ID, "signer": signer, **marks})
    signers = [person(number, signedAt=at(number).isoformat()) for number in PEOPLE]
    completed = {"sessionId": ID, "status": "completed", "completedAt": at(len(PEOPLE) + 1).isoformat()}
    link = {"signedPdfUrl": "https://files.example.com/1.pdf"}
    return [_raw(one) for one in (*told, {**completed, **link, "signers": signers, **marks})]


def leap() -> list[bytes]:
    """One callback, once everybody has signed, to an address of the request's own."""
    return [_raw({"projectId": ID})]


PROVEN: dict[str, Callable[[], list[bytes]]] = {"esignatures": esignatures, "lumin": lumin, "switchlabs": switchlabs}
HINTS: dict[str, Callable[[], list[bytes]]] = {"docsautomator": docsautomator, "leap": leap}


def _raw(told: dict[str, Any]) -> bytes:
    return json.dumps(told).encode()
