"""Signers: Add, Update, Resend sign request, Delete."""

from __future__ import annotations

from typing import Any

from sandbox.esignatures import drafting
from sandbox.esignatures.calls import QUEUED, ActionTable, Call
from sandbox.esignatures.requests import JoiningSigner, SignerDetails


async def add(call: Call) -> dict[str, Any]:
    """Signers – Add; the answer names no id."""
    wanted = await call.read(JoiningSigner)
    await call.engine.add_signer(call.part("id"), lambda contract: drafting.added(wanted, contract))
    return QUEUED


async def update(call: Call) -> dict[str, Any]:
    """Signers – Update."""
    details = await call.read(SignerDetails)
    await call.engine.change_signer(
        call.part("id"), call.part("signer"), lambda present: drafting.updated(present, details)
    )
    return QUEUED


async def send_contract(call: Call) -> dict[str, Any]:
    """Signers – Resend sign request."""
    await call.engine.remind(call.part("id"), call.part("signer"))
    return QUEUED


async def delete(call: Call) -> dict[str, Any]:
    """Signers – Delete."""
    await call.engine.remove_signer(call.part("id"), call.part("signer"))
    return QUEUED


ACTIONS: ActionTable = [
    ("POST", "/contracts/{id}/signers", add),
    ("POST", "/contracts/{id}/signers/{signer}", update),
    ("POST", "/contracts/{id}/signers/{signer}/send_contract", send_contract),
    ("POST", "/contracts/{id}/signers/{signer}/delete", delete),
]
