"""Contracts: New, Query, recent, Withdraw, delete, PDF preview, Content and Placeholder fields."""

from __future__ import annotations

from typing import Any

from sandbox.contract import STATES, Contract
from sandbox.engine import NotFound, Refused
from sandbox.esignatures import answers, drafting
from sandbox.esignatures.calls import QUEUED, ActionTable, Call
from sandbox.esignatures.requests import ContentEdits, NewContract, PlaceholderUpdate
from sandbox.templates import Template

RECENT = 100


async def create(call: Call) -> dict[str, Any]:
    """Contracts – New."""
    wanted = await call.read(NewContract)
    source = call.request.query_params.get("source", "api")
    draft = drafting.contract(wanted, await _template(call, wanted), source=source, now=call.engine.clock.now())
    contract = await call.engine.create(draft, sent=wanted.save_as_draft == "no")
    return {"status": "queued", "data": {"contract": answers.created(contract, call.engine.links)}}


async def query(call: Call) -> dict[str, Any]:
    """Contracts – Query. "draft contracts can't be queried, only sent contracts" (the provider's published client)."""
    contract = await _contract(call)
    if contract.state == "draft":
        raise NotFound("Draft contracts can't be queried, only sent contracts.")
    return {"data": {"contract": answers.queried(contract, call.engine.links)}}


async def recent(call: Call) -> dict[str, Any]:
    """The "details of the latest 100 contracts" (the provider's published client; its shape is not documented)."""
    newest = await call.engine.newest(RECENT, states=set(STATES) - {"draft"})
    return {"data": [answers.created(one, call.engine.links) | {"labels": list(one.labels)} for one in newest]}


async def withdraw(call: Call) -> dict[str, Any]:
    """Contracts – Withdraw."""
    await call.engine.withdraw(call.part("id"))
    return QUEUED


async def delete(call: Call) -> dict[str, Any]:
    """Drafts and test contracts only (the provider's published client)."""
    contract = await _contract(call)
    if not contract.test and contract.state != "draft":
        raise Refused("Only drafts and test contracts can be deleted.")
    await call.engine.delete(call.part("id"))
    return QUEUED


async def preview(call: Call) -> dict[str, Any]:
    """Contracts – PDF preview."""
    await call.engine.want_preview(call.part("id"))
    return QUEUED


async def content(call: Call) -> dict[str, Any]:
    """Content – Query."""
    contract = await _contract(call)
    return {"data": {"contract_id": contract.id, "markdown": contract.markdown()}}


async def edit_content(call: Call) -> dict[str, Any]:
    """Content – Update."""
    wanted = await call.read(ContentEdits)
    await call.engine.edit(call.part("id"), drafting.edits(wanted.edits), dry_run=wanted.dry_run == "yes")
    return QUEUED


async def placeholder_fields(call: Call) -> dict[str, Any]:
    """Placeholder fields – Query."""
    return {"data": answers.placeholder_fields(await _contract(call))}


async def update_placeholder_fields(call: Call) -> dict[str, Any]:
    """Placeholder fields – Update."""
    wanted = await call.read(PlaceholderUpdate)
    await call.engine.set_placeholders(call.part("id"), drafting.placeholders(wanted.placeholder_fields))
    return QUEUED


async def _contract(call: Call) -> Contract:
    return await call.engine.contract(call.part("id"))


async def _template(call: Call, wanted: NewContract) -> Template | None:
    if wanted.template_id is None:
        return None
    try:
        return await call.engine.templates.get(wanted.template_id)
    except NotFound as problem:
        raise Refused(f"template_id: {problem}") from None


ACTIONS: ActionTable = [
    ("POST", "/contracts", create),
    ("GET", "/contracts/recent", recent),
    ("GET", "/contracts/{id}", query),
    ("POST", "/contracts/{id}/withdraw", withdraw),
    ("POST", "/contracts/{id}/delete", delete),
    ("POST", "/contracts/{id}/generate_pdf_preview", preview),
    ("GET", "/contracts/{id}/content", content),
    ("POST", "/contracts/{id}/content", edit_content),
    ("GET", "/contracts/{id}/placeholder_fields", placeholder_fields),
    ("POST", "/contracts/{id}/placeholder_fields", update_placeholder_fields),
]
