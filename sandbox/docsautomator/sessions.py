"""Signing sessions: list, details, links, audit trail, cancel, resend (eSign API reference)."""

from __future__ import annotations

import asyncio
import hashlib
from math import ceil
from typing import Any

from sandbox.contract import Contract
from sandbox.docsautomator import answers, audit
from sandbox.docsautomator.answers import SESSIONS, STATES_OF
from sandbox.docsautomator.calls import ActionTable, Call, Refusal
from sandbox.docsautomator.requests import Cancelling, Nothing, SessionQuery
from sandbox.engine import NotFound

MISSING = "Signing session not found"


async def listed(call: Call) -> dict[str, Any]:
    """List Signing Sessions, newest first (the order is not documented)."""
    query = call.query(SessionQuery)
    first = (query.page - 1) * query.limit
    if query.status is None and not query.email:
        page = await call.engine.newest(query.limit, first, states=SESSIONS)
        total = await call.engine.count(states=SESSIONS)
    else:
        states = SESSIONS if query.status is None else STATES_OF[query.status]
        fitting = [one for one in await call.engine.newest(states=states) if _fits(one, query)]
        page, total = fitting[first : first + query.limit], len(fitting)
    return {
        "sessions": [answers.summary(one) for one in page],
        "pagination": {"page": query.page, "limit": query.limit, "total": total, "pages": ceil(total / query.limit)},
    }


async def details(call: Call) -> dict[str, Any]:
    """Get Session Details."""
    call.query(Nothing)
    contract = await _session(call)
    pdf = await call.engine.signed_pdf(contract.id)
    signed_hash = None if pdf is None else f"sha256:{(await asyncio.to_thread(hashlib.sha256, pdf)).hexdigest()}"
    return answers.session(contract, signed_hash, call.engine.links)


async def links(call: Call) -> dict[str, Any]:
    """Get Signing Links, "when using manual delivery mode"; that it answers for others too is in the OpenAPI file
    ("Useful for manual delivery mode or resending links")."""
    call.query(Nothing)
    contract = await _session(call)
    return {
        "success": True,
        "sessionId": contract.id,
        "documentName": contract.title,
        "deliveryMethod": answers.delivery(contract),
        "status": answers.status(contract),
        "signers": answers.links_of(contract, call.engine.links),
    }


async def audit_trail(call: Call) -> dict[str, Any]:
    """Get Audit Trail; nothing is ever pruned here, so nothing is reconstructed."""
    call.query(Nothing)
    contract = await _session(call)
    return {"sessionId": contract.id, "events": audit.trail(contract), "reconstructed": False}


async def cancel(call: Call) -> dict[str, Any]:
    """Cancel Session: "Cannot cancel completed sessions"; the OpenAPI file has 400 for "invalid status" too, which is
    taken to mean every session that is over."""
    call.query(Nothing)
    wanted = await call.read(Cancelling, may_be_absent=True)
    contract = await _session(call)
    _must_be_active(contract, "cancelled")
    await call.engine.withdraw(contract.id, wanted.reason)
    return {"success": True, "message": "Signing session has been cancelled"}


async def resend(call: Call) -> dict[str, Any]:
    """Resend Invitation: 400 for a "signer already signed or invalid session status" (OpenAPI). Of a signer whose turn
    has not come, one who gets the link by hand, and a number that nobody has, nothing is documented."""
    call.query(Nothing)
    await call.read(Nothing, may_be_absent=True)
    contract = await _session(call)
    number = call.part("signer")
    if not number.isdecimal() or int(number) < 1:
        raise Refusal(400, "The signer index has to be a number from 1.")
    signer = next((one for one in contract.signers if answers.index(one) == int(number)), None)
    if signer is None:
        raise Refusal(404, "Signer not found")
    if signer.done:
        raise Refusal(400, "This signer has already signed")
    _must_be_active(contract, "resent")
    if answers.delivery(contract) == "manual":
        raise Refusal(400, "The links of this session are delivered manually")
    await call.engine.remind(contract.id, signer.id)
    return {"success": True, "message": f"Invitation resent to {signer.email}"}


def _must_be_active(contract: Contract, what: str) -> None:
    if contract.state != "sent":
        raise Refusal(400, f"A session that is {answers.status(contract)} cannot be {what}")


async def _session(call: Call) -> Contract:
    try:
        contract = await call.engine.contract(call.part("id"))
    except NotFound:
        raise Refusal(404, MISSING) from None
    if contract.state == "draft":
        raise Refusal(404, MISSING)
    return contract


def _fits(contract: Contract, query: SessionQuery) -> bool:
    """The address is a partial match, whatever the case of its letters (OpenAPI, email)."""
    wanted = query.email.casefold()
    return query.status in (None, answers.status(contract)) and any(
        wanted in one.email.casefold() for one in contract.signers
    )


ACTIONS: ActionTable = [
    ("GET", "/esign/sessions", listed),
    ("GET", "/esign/sessions/{id}", details),
    ("GET", "/esign/sessions/{id}/links", links),
    ("GET", "/esign/sessions/{id}/audit", audit_trail),
    ("POST", "/esign/sessions/{id}/cancel", cancel),
    ("POST", "/esign/sessions/{id}/resend/{signer}", resend),
]
