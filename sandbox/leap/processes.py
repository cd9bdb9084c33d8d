"""The four calls: start, retrieve, cancel and delete a signing process."""

from __future__ import annotations

import uuid
from typing import Any

from sandbox.contract import Contract
from sandbox.engine import Refused
from sandbox.leap import answers, drafting
from sandbox.leap.calls import ActionTable, Call, Unreadable

CANCELED = "canceled after a change request"


async def launch(call: Call) -> dict[str, Any]:
    """Starting a Signing Process: there is no draft, the signers are written to at once."""
    wanted, file = await call.form()
    try:
        upload = await call.engine.keep_upload(file.content, file.media_type)
    except Refused as problem:
        raise Refused(f"document: {problem}") from None
    contract = await call.engine.create(drafting.contract(wanted, upload, call.engine.clock.now()), sent=True)
    return answers.process(contract, call.engine.links, canceled=False)


async def retrieve(call: Call) -> dict[str, Any]:
    """Retrieving Signing Process Data."""
    contract = await call.engine.contract(call.id)
    return answers.process(contract, call.engine.links, canceled=await _canceled(call, contract))


async def cancel(call: Call) -> None:
    """Canceling a Signing Process: 400 for what is no id and for what "might have been previously completed", 404 for
    what is not there (any more). A second cancel is a 400 too (not documented). The 403 for projects that the Sign API
    did not make has no place here: there are no others."""
    if not _is_id(call.id):
        raise Unreadable(400, "The projectId is not valid.")
    contract = await call.engine.contract(call.id)
    if contract.state == "signed":
        raise Refused("The signing process has been completed and cannot be canceled.")
    if await _canceled(call, contract):
        raise Refused("The signing process has been canceled already.")
    if contract.state == "declined":
        # Over for the sandbox's signers, but at the provider the owner still has to decide what becomes of it.
        await call.engine.note(CANCELED, contract.id, True)
    else:
        await call.engine.withdraw(contract.id)


async def delete(call: Call) -> None:
    """Deleting a Signing Process, in whatever state: the signed document goes with it."""
    await call.engine.delete(call.id)
    await call.engine.note(CANCELED, call.id, None)


async def _canceled(call: Call, contract: Contract) -> bool:
    return contract.state == "withdrawn" or await call.engine.noted(CANCELED, contract.id) is True


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


ACTIONS: ActionTable = [
    ("POST", "/sign-only-api/projects/launch-new", launch),
    ("GET", "/projects/info-for-sign-only-integrator/{id}", retrieve),
    ("PUT", "/sign-only-api/projects/cancel/{id}", cancel),
    ("DELETE", "/sign-only-api/projects/{id}", delete),
]
