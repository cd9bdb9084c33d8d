"""Signature requests that are there: Get, Update and Cancel."""

from __future__ import annotations

from starlette.responses import Response

from sandbox.contract import Contract, Signer
from sandbox.engine import Refused
from sandbox.lumin import answers
from sandbox.lumin.calls import ActionTable, Call, Problem, answer
from sandbox.lumin.requests import NewDueDate
from sandbox.lumin.times import moment_of

OPEN = ("sent", "expired")
"""A request that has expired keeps an open status (not documented)."""


async def get(call: Call) -> Response:
    """Get Signature Request."""
    call.query()
    contract = await call.engine.contract(call.part("id"))
    return answer({"signature_request": answers.shown(contract, call.engine.links)})


async def update(call: Call) -> Response:
    """Update Signature Request: only while `NEED_TO_SIGN` or `WAITING_FOR_OTHERS`."""
    call.query()
    wanted = await call.json(NewDueDate)
    contract = await call.engine.contract(call.part("id"))
    if contract.state not in OPEN:
        raise wrong_status(contract, "The due date cannot be changed")
    contract = await call.engine.move_expiry(contract.id, moment_of(wanted.expires_at))
    return answer({"signature_request": answers.shown(contract, call.engine.links)})


async def cancel(call: Call) -> Response:
    """Cancel Signature Request. What it answers where that cannot be is not documented; an event tells of it too."""
    call.query()
    await call.no_body()
    contract = await call.engine.contract(call.part("id"))
    try:
        if contract.state not in OPEN:
            raise wrong_status(contract, "The request cannot be canceled")
        contract = await call.engine.withdraw(contract.id)
    except (Problem, Refused) as problem:
        await call.engine.tell(contract.id, answers.CANCEL_FAILED, str(problem))
        raise
    return answer({"signature_request_id": contract.id, "status": answers.status(contract)})


ACTIONS: ActionTable = [
    ("GET", "/signature_request/{id}", get),
    ("PATCH", "/signature_request/{id}", update),
    ("PUT", "/signature_request/cancel/{id}", cancel),
]


def signer_with(contract: Contract, email: str) -> Signer:
    """The signer with this address; where two have the same, whoever has not signed yet. Raises Problem."""
    found = [one for one in contract.signers if one.email.lower() == email.lower()]
    if not found:
        raise Problem(404, "not_found", "No signer of this request has this email address.")
    return next((one for one in sorted(found, key=lambda one: one.order) if not one.done), found[0])


def wrong_status(contract: Contract, what: str) -> Problem:
    """What is wanted does not go with how the request stands."""
    return Problem(400, "invalid_status", f"{what}: its status is {answers.status(contract)}.")
