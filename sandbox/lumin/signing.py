"""What a signer signs with: Get Signing Link, Create Signing Session, and the address of such a session."""

from __future__ import annotations

import secrets
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.engine import Engine
from sandbox.lumin import answers
from sandbox.lumin.calls import ActionTable, Call, Problem, answer
from sandbox.lumin.requests import LinkWanted, SessionWanted
from sandbox.lumin.requests_made import signer_with
from sandbox.lumin.times import milliseconds

EMBED = "/lumin/embed"
_HOUR_MS = 3_600_000


async def link(call: Call) -> Response:
    """Get Signing Link. It is called time-limited without a number; here it lives as long as the request."""
    call.query()
    wanted = await call.json(LinkWanted)
    contract = await call.engine.contract(call.part("id"))
    signer = signer_with(contract, wanted.signer_email)
    return answer(
        {
            "view_url": call.engine.links.sign_page(signer.id),
            "signer_email": wanted.signer_email,
            "status": answers.signer_status(contract, signer),
        }
    )


async def session(call: Call) -> Response:
    """Create Signing Session. All domains count as allow-listed here; for viewers, who may have one too, the sandbox
    has no page."""
    call.query()
    wanted = await call.json(SessionWanted)
    contract = await call.engine.contract(call.part("id"))
    if any(one["email_address"].lower() == wanted.signer_email.lower() for one in contract.extra["viewers"]):
        raise Problem(400, "bad_request", "The sandbox has no page for viewers.")
    signer = signer_with(contract, wanted.signer_email)
    now, token = call.engine.clock.now(), secrets.token_hex(20)
    until = now + call.engine.clock.hours(wanted.expiry / _HOUR_MS)
    await call.engine.note("sessions", token, {"signer": signer.id, "until": until.timestamp()})
    return answer(
        {
            "sign_url": f"{call.engine.links.base_url}{EMBED}?session={token}",
            "signer_email": wanted.signer_email,
            "expires_at": milliseconds(now + timedelta(milliseconds=wanted.expiry)),
            "status": answers.signer_status(contract, signer),
        }
    )


ACTIONS: ActionTable = [
    ("POST", "/signature_request/{id}/signing-link", link),
    ("POST", "/signature_request/{id}/signing-session", session),
]


def embed_route(engine: Engine) -> Route:
    """A session opens the signing page once, within its time ("single-use", Create Signing Session, `sign_url`)."""

    async def endpoint(request: Request) -> Response:
        token = request.query_params.get("session", "")
        known = await engine.noted("sessions", token)
        if known is None or engine.clock.now().timestamp() >= known["until"]:
            return PlainTextResponse("This signing session is over; ask for a new one.", 410)
        if request.method == "GET":
            await engine.note("sessions", token, None)
        return RedirectResponse(f"{engine.links.sign_page(known['signer'])}?embedded=yes", 303)

    return Route(EMBED, endpoint, methods=["GET"])
