"""Ties the dialect together: who may call, which routes there are, and how webhooks are written and signed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from math import ceil

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.contract import Contract, Event
from sandbox.dialect import Dialect, Webhook
from sandbox.engine import Engine
from sandbox.links import Links
from sandbox.lumin import files, requests_made, signing, templates
from sandbox.lumin.answers import EVENTS, USER, payload
from sandbox.lumin.calls import Action, ActionTable, Call, answer, answer_to, refusal
from sandbox.lumin.creating import Creating
from sandbox.lumin.limits import Limits
from sandbox.lumin.processing import Processing
from sandbox.lumin.reminding import Reminding

BASE = "/lumin/v1"


async def user_info(call: Call) -> Response:
    """Get User Information."""
    call.query()
    return answer({"user": USER})


ACTIONS: ActionTable = [
    *files.ACTIONS,
    *requests_made.ACTIONS,
    *signing.ACTIONS,
    *templates.ACTIONS,
    ("GET", "/user/info", user_info),
]


class Lumin(Dialect):
    """One workspace with one API key, the primary one, which is the key of the account webhook's signatures too. OAuth
    and its app webhooks are not played."""

    name = "lumin"
    retry_hours = (5 / 60, 0.25, 0.75, 2.25, 6.75, 20.25)
    """5, 15 and 45 minutes, 2 h 15, 6 h 45 and 20 h 15 after the attempt before (webhook overview, retry schedule)."""
    timeout_seconds = 30.0

    def webhooks(self, contract: Contract, event: Event, links: Links) -> list[Webhook]:
        """Every event goes to the workspace's one address; requests have none of their own."""
        if event.what not in EVENTS or not self.account.webhook_url:
            return []
        return [Webhook(EVENTS[event.what], self.account.webhook_url, payload(contract, event, links))]

    def headers(self, body: bytes) -> dict[str, str]:
        """X-Signature, in lower-case hex, over the body alone."""
        key = self.account.webhook_secret.encode()
        return {"User-Agent": "Lumin Sign API", "X-Signature": hmac.new(key, body, hashlib.sha256).hexdigest()}

    def accepted(self, status: int) -> bool:
        """ "Any non-200 response status" counts as failed."""
        return status == 200

    def refusal(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
        """As its own refusals, with a code that only a sandbox gives."""
        return refusal(status, "sandbox_fault", message, headers)

    def routes(self, engine: Engine) -> list[Route]:
        """Every call that this sandbox understands, and the page that signing sessions open."""
        processing, limits = Processing(engine), Limits(engine.clock)
        table = [*Creating(processing).actions(), *Reminding().actions(), *ACTIONS]
        return [
            *(self._route(engine, processing, limits, *entry) for entry in table),
            signing.embed_route(engine),
        ]

    def _route(
        self, engine: Engine, processing: Processing, limits: Limits, method: str, path: str, action: Action
    ) -> Route:
        async def endpoint(request: Request) -> Response:
            if not self._may(request):
                return refusal(401, "unauthorized", "The API key is missing or wrong.")
            if wait := limits.wait(f"{method} {path}"):
                seconds = str(ceil(wait))
                message = "There were too many calls of this kind in half an hour."
                return refusal(429, "rate_limit_exceeded", message, {"Retry-After": seconds})
            await processing.take_up()
            return await answer_to(engine, request, action)

        return Route(BASE + path, endpoint, methods=[method])

    def _may(self, request: Request) -> bool:
        """The key comes as X-API-Key, as the user of Basic authentication without a password, or after `API-key`; these
        are the ways of the authentication page and of the guides."""
        given = request.headers.get("X-API-Key")
        if given is not None:
            return self._is_key(given.encode())
        scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "api-key":
            return self._is_key(credentials.strip().encode())
        if scheme.lower() != "basic":
            return False
        try:
            user, colon, password = base64.b64decode(credentials.strip(), validate=True).partition(b":")
        except (binascii.Error, ValueError):
            return False
        return self._is_key(user) and colon == b":" and password == b""

    def _is_key(self, given: bytes) -> bool:
        return hmac.compare_digest(given, self.account.token.encode())
