"""The four calls there are. Download, void, reminders and changes have no call: a sender does them in the web pages."""

from __future__ import annotations

import asyncio
from typing import Any

from sandbox import uploads
from sandbox.contract import ContractState
from sandbox.paper import PDF
from sandbox.switchlabs import answers, drafting
from sandbox.switchlabs.calls import ActionTable, Call
from sandbox.switchlabs.requests import Status


async def create(call: Call) -> dict[str, Any]:
    """POST /documents: create a document "and optionally send it immediately"."""
    wanted, content = await call.form()
    upload = await call.engine.keep_upload(content, PDF)
    pages = await asyncio.to_thread(uploads.page_count, content)
    draft = drafting.contract(wanted, upload, pages, call.engine.clock.now())
    contract = await call.engine.create(draft, sent=wanted.send == "true")
    return answers.created(contract, call.engine.links)


async def all_of_them(call: Call) -> dict[str, Any]:
    """GET /documents, newest first; `total` counts what the filter leaves (neither documented)."""
    wanted = call.listing()
    states = _states(wanted.status)
    rows = await call.engine.newest(wanted.limit, wanted.offset, states=states)
    return {"documents": [answers.listed(one) for one in rows], "total": await call.engine.count(states=states)}


async def status(call: Call) -> dict[str, Any]:
    """GET /documents/{id}/status."""
    return answers.status(await call.engine.contract(call.id))


async def send(call: Call) -> dict[str, Any]:
    """POST /documents/{id}/send: a draft goes out. It is answered as a new document is (not documented)."""
    wanted = await call.sending()
    contract = await call.engine.send_draft(call.id, wanted.message)
    return answers.created(contract, call.engine.links)


def _states(wanted: Status | None) -> set[ContractState]:
    return {state for state, word in answers.STATUSES.items() if word == wanted}


ACTIONS: ActionTable = [
    ("POST", "/documents", create),
    ("GET", "/documents", all_of_them),
    ("GET", "/documents/{id}/status", status),
    ("POST", "/documents/{id}/send", send),
]
