"""Ties the dialect together: who may call, which routes there are, and the one callback of a signing process."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.contract import Contract, Event
from sandbox.dialect import Dialect, Webhook
from sandbox.engine import Engine
from sandbox.leap import processes
from sandbox.leap.calls import Action, answer_to, refusal
from sandbox.links import Links

BASE = "/leap/api/v1/external"
CALLBACK = "signTasksCompleted"
"""Only the sandbox's own name for it: the call does not say what it is."""


class Leap(Dialect):
    """One account with one External API Key. No limits of rate are documented."""

    name = "leap"

    def webhooks(self, contract: Contract, event: Event, links: Links) -> list[Webhook]:
        """One POST, to the address given with the process, when all "required parties" have signed; of everything else
        Leap is silent. The text that says what is in it is lost: the body is empty, of type application/json, without a
        signature, and it is not repeated (none of these documented)."""
        if event.what != "all_signed" or not contract.webhook_url:
            return []
        return [Webhook(CALLBACK, contract.webhook_url, b"")]

    def refusal(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
        """As its own refusals."""
        return refusal(status, message, headers)

    def routes(self, engine: Engine) -> list[Route]:
        """Every call of the Sign API."""
        return [self._route(engine, method, path, action) for method, path, action in processes.ACTIONS]

    def _route(self, engine: Engine, method: str, path: str, action: Action) -> Route:
        async def endpoint(request: Request) -> Response:
            if not self._may(request):
                return refusal(403, "The External API Key is missing or not valid.")
            return await answer_to(engine, request, action)

        return Route(BASE + path, endpoint, methods=[method])

    def _may(self, request: Request) -> bool:
        """The bare key, without a word such as Bearer before it; a wrong one is a 403."""
        return hmac.compare_digest(request.headers.get("Authorization", "").encode(), self.account.token.encode())
