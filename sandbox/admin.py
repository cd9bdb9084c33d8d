"""The sandbox's own addresses under /_sandbox: is it ready, what has it seen, how should it misbehave."""

from __future__ import annotations

from collections import Counter

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.contract import Contract, in_order
from sandbox.engine import Engine, Refused
from sandbox.faults import Fault, Faults
from sandbox.store import Store


def routes(engine: Engine, store: Store, faults: Faults, counts: Counter[str], ca_pem: bytes) -> list[Route]:
    """All of them; they need no token, as the sandbox is for one machine."""

    async def health(request: Request) -> Response:
        return JSONResponse({"ok": True})

    async def counted(request: Request) -> Response:
        if request.method == "DELETE":
            counts.clear()
        return JSONResponse({"requests": dict(sorted(counts.items()))})

    async def contracts(request: Request) -> Response:
        return JSONResponse([_shown(one) for one in await engine.newest(None, drafts=True)])

    async def send_draft(request: Request) -> Response:
        try:
            await engine.send_draft(request.path_params["id"])
        except Refused as problem:
            return JSONResponse({"problem": str(problem)}, 422)
        return JSONResponse({"ok": True})

    async def webhooks(request: Request) -> Response:
        calls = await store.run(lambda tables: tables.deliveries(waiting_only=False))
        shown = ("id", "contract_id", "event", "state", "tries", "answer")
        return JSONResponse([{name: getattr(call, name) for name in shown} for call in calls])

    async def planned(request: Request) -> Response:
        if request.method == "DELETE":
            faults.planned.clear()
        elif request.method == "POST":
            try:
                faults.planned.append(_fault(await request.json()))
            except ValueError as problem:
                return JSONResponse({"problem": str(problem)}, 422)
        return JSONResponse({"faults": [vars(fault) for fault in faults.planned]})

    async def certificate(request: Request) -> Response:
        return Response(ca_pem, media_type="application/x-pem-file")

    return [
        Route("/_sandbox/health", health, methods=["GET"]),
        Route("/_sandbox/counts", counted, methods=["GET", "DELETE"]),
        Route("/_sandbox/contracts", contracts, methods=["GET"]),
        Route("/_sandbox/contracts/{id}/send", send_draft, methods=["POST"]),
        Route("/_sandbox/webhooks", webhooks, methods=["GET"]),
        Route("/_sandbox/faults", planned, methods=["GET", "POST", "DELETE"]),
        Route("/_sandbox/ca.pem", certificate, methods=["GET"]),
    ]


def _shown(contract: Contract) -> dict[str, object]:
    return {
        "id": contract.id,
        "title": contract.title,
        "metadata": contract.metadata,
        "status": contract.status,
        "signers": [{"id": one.id, "state": one.state, "order": one.order} for one in in_order(contract.signers)],
    }


def _fault(wanted: object) -> Fault:
    if not isinstance(wanted, dict) or not {"match", "action"} <= wanted.keys() <= {"match", "action", "times"}:
        raise ValueError("A fault has match, action and times.")
    times = wanted.get("times", 1)
    if not isinstance(wanted["match"], str) or not isinstance(wanted["action"], str) or type(times) is not int:
        raise ValueError("match and action are text, times is a whole number.")
    return Fault(wanted["match"], wanted["action"], times)
