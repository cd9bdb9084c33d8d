"""The sandbox's own addresses under /_sandbox: is it ready, what has it seen, how should it misbehave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.contract import Contract, in_order
from sandbox.dialect import Dialect
from sandbox.engine import Engine, NotFound, Refused
from sandbox.faults import Fault, Faults
from sandbox.store import Store


def routes(
    engine: Engine,
    store: Store,
    faults: Faults,
    counts: Counter[str],
    ca_pem: bytes,
    dialects: Mapping[str, Dialect],
) -> list[Route]:
    """All of them; they need no token, as the sandbox is for one machine. `engine` sees all dialects."""

    async def health(request: Request) -> Response:
        return JSONResponse({"ok": True})

    async def counted(request: Request) -> Response:
        if request.method == "DELETE":
            counts.clear()
        return JSONResponse({"requests": dict(sorted(counts.items()))})

    async def contracts(request: Request) -> Response:
        only = request.query_params.get("dialect")
        return JSONResponse([_shown(one) for one in await engine.newest() if only in (None, one.dialect)])

    async def send_draft(request: Request) -> Response:
        return await _done(engine.send_draft(request.path_params["id"]))

    async def withdraw(request: Request) -> Response:
        return await _done(engine.withdraw(request.path_params["id"]))

    async def remind(request: Request) -> Response:
        return await _done(engine.remind(request.path_params["id"], request.path_params["signer"]))

    async def message(request: Request) -> Response:
        words = request.query_params.get("text", "")
        return await _done(engine.hear(request.path_params["id"], request.path_params["signer"], "message", words))

    async def mobile(request: Request) -> Response:
        number = request.query_params.get("number", "")
        return await _done(
            engine.hear(request.path_params["id"], request.path_params["signer"], "mobile_wanted", number)
        )

    async def due(request: Request) -> Response:
        until = engine.clock.now() + timedelta(seconds=request.path_params["seconds"])
        return await _done(engine.move_expiry(request.path_params["id"], until))

    async def account(request: Request) -> Response:
        dialect = dialects.get(request.path_params["dialect"])
        if dialect is None:
            return JSONResponse({"problem": "The sandbox does not play this provider."}, 404)
        try:
            url = _webhook_url(await request.json())
        except ValueError as problem:
            return JSONResponse({"problem": str(problem)}, 422)
        dialect.account.webhook_url = url
        await store.run(lambda tables: tables.remember(f"webhook url of {dialect.name}", url))
        return JSONResponse({"ok": True})

    async def webhooks(request: Request) -> Response:
        calls = await store.run(lambda tables: tables.deliveries(waiting_only=False))
        shown = ("id", "contract_id", "dialect", "event", "state", "tries", "answer")
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
        Route("/_sandbox/contracts/{id}/withdraw", withdraw, methods=["POST"]),
        Route("/_sandbox/contracts/{id}/remind/{signer}", remind, methods=["POST"]),
        Route("/_sandbox/contracts/{id}/message/{signer}", message, methods=["POST"]),
        Route("/_sandbox/contracts/{id}/mobile/{signer}", mobile, methods=["POST"]),
        Route("/_sandbox/contracts/{id}/due/{seconds:int}", due, methods=["POST"]),
        Route("/_sandbox/accounts/{dialect}", account, methods=["PUT"]),
        Route("/_sandbox/webhooks", webhooks, methods=["GET"]),
        Route("/_sandbox/faults", planned, methods=["GET", "POST", "DELETE"]),
        Route("/_sandbox/ca.pem", certificate, methods=["GET"]),
    ]


async def _done(verb: Awaitable[object]) -> Response:
    try:
        await verb
    except Refused as problem:
        return JSONResponse({"problem": str(problem)}, 404 if isinstance(problem, NotFound) else 422)
    return JSONResponse({"ok": True})


def _webhook_url(wanted: object) -> str:
    """As the provider's web pages would take it; empty for none."""
    url = wanted.get("webhook_url") if isinstance(wanted, dict) and len(wanted) == 1 else None
    if not isinstance(url, str) or (url and urlsplit(url).scheme not in ("http", "https")):
        raise ValueError("An account has a webhook_url: a full web address, or nothing.")
    return url


def _shown(contract: Contract) -> dict[str, object]:
    return {
        "id": contract.id,
        "dialect": contract.dialect,
        "title": contract.title,
        "metadata": contract.metadata,
        "status": contract.state,
        "signers": [{"id": one.id, "state": one.state, "order": one.order} for one in in_order(contract.signers)],
    }


def _fault(wanted: object) -> Fault:
    if not isinstance(wanted, dict) or not {"match", "action"} <= wanted.keys() <= {"match", "action", "times"}:
        raise ValueError("A fault has match, action and times.")
    times = wanted.get("times", 1)
    if not isinstance(wanted["match"], str) or not isinstance(wanted["action"], str) or type(times) is not int:
        raise ValueError("match and action are text, times is a whole number.")
    return Fault(wanted["match"], wanted["action"], times)
