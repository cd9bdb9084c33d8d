"""Files: Get Signature Request File, and the two older calls it has replaced."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from starlette.responses import Response

from sandbox import uploads
from sandbox.contract import Contract
from sandbox.engine import Engine
from sandbox.lumin.answers import status
from sandbox.lumin.calls import ActionTable, Call, Problem, answer
from sandbox.lumin.times import seconds
from sandbox.paper import PDF

LINK_MINUTES = 30
"""A signed URL "expires in 30 minutes" (Get Signature Request File)."""
TYPES = ("agreement", "coc", "merged")


async def file(call: Call) -> Response:
    """Get Signature Request File. The reference has an answer in JSON and one in PDF; `Accept` chooses, JSON where it
    does not say (not documented)."""
    wanted = call.query("type").get("type", "agreement")
    if wanted not in TYPES:
        raise Problem(400, "bad_request", "type: it is one of agreement, coc and merged.")
    as_pdf = _wants_pdf(call.request.headers.get("Accept", "*/*"))
    name = await _name(call.engine, await call.engine.contract(call.part("id")), wanted)
    return await _pdf(call.engine, name) if as_pdf else _link(call.engine, name, "signed_url")


async def as_file_url(call: Call) -> Response:
    """Download File as File URL (deprecated)."""
    call.query()
    contract = await call.engine.contract(call.part("id"))
    return _link(call.engine, await _name(call.engine, contract, "agreement"), "file_url")


async def as_file(call: Call) -> Response:
    """Download File (deprecated)."""
    call.query()
    contract = await call.engine.contract(call.part("id"))
    return await _pdf(call.engine, await _name(call.engine, contract, "agreement"))


ACTIONS: ActionTable = [
    ("GET", "/signature_request/files_as_file_url/{id}", as_file_url),
    ("GET", "/signature_request/files/{id}", as_file),
    ("GET", "/signature_request/{id}/file", file),
]


async def _name(engine: Engine, contract: Contract, wanted: str) -> str:
    """Under which name the file is kept. `agreement` has no precondition: before completion it is the document as it
    was sent. The others need `APPROVED` and the file to exist, which is a moment later."""
    if not contract.completed:
        if wanted == "agreement":
            return contract.upload
        if contract.state != "signed":
            message = f"This file needs the status APPROVED; the status is {status(contract)}."
            raise Problem(400, "invalid_status", message)
        raise Problem(404, "not_found", "This file does not exist yet.")
    if wanted == "merged":
        return contract.id
    kept = await engine.noted("files", contract.id)
    if kept is None:
        kept = await _taken_apart(engine, contract)
        await engine.note("files", contract.id, kept)
    return str(kept[wanted])


async def _taken_apart(engine: Engine, contract: Contract) -> dict[str, str]:
    """The signed pages and the certificate on their own; the seal is on the whole alone."""
    whole = await engine.signed_pdf(contract.id)
    assert whole is not None, "it is completed"
    pages = await asyncio.to_thread(uploads.page_count, await engine.uploaded(contract.upload))
    agreement = await asyncio.to_thread(uploads.part, whole, 0, pages)
    certificate = await asyncio.to_thread(uploads.part, whole, pages)
    return {"agreement": await engine.keep_upload(agreement), "coc": await engine.keep_upload(certificate)}


async def _pdf(engine: Engine, name: str) -> Response:
    content = await engine.uploaded(name) if name.startswith("upload-") else await engine.signed_pdf(name)
    return Response(content, media_type=PDF)


def _link(engine: Engine, name: str, key: str) -> Response:
    expires = engine.clock.now() + timedelta(minutes=LINK_MINUTES)
    return answer({key: engine.links.pdf(name, LINK_MINUTES / 60), "expires_at": seconds(expires)})


def _wants_pdf(accept: str) -> bool:
    """The first of the two that is named; raises Problem where the header allows neither."""
    for one in accept.split(","):
        media_type = one.partition(";")[0].strip().lower()
        if media_type == PDF:
            return True
        if media_type in ("application/json", "application/*", "*/*", ""):
            return False
    raise Problem(406, "not_acceptable", "Accept: there is application/json and application/pdf.")
