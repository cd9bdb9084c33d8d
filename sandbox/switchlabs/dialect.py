"""Ties the dialect together: who may call, which routes there are, and how webhooks are written and signed."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.contract import Contract, Event
from sandbox.dialect import Dialect, Webhook
from sandbox.engine import Engine
from sandbox.links import Links
from sandbox.switchlabs import documents
from sandbox.switchlabs.answers import EVENTS, payload
from sandbox.switchlabs.calls import Action, answer_to, encode, refusal

BASE = "/switchlabs/api/esign/v1"


class SwitchLabs(Dialect):
    """One account on the Business plan, the only one with API access and without limits on documents and recipients
    (Rate Limits). The page names no rate of requests, and no repetition of webhooks: a call that fails is lost."""

    name = "switchlabs"

    def webhooks(self, contract: Contract, event: Event, links: Links) -> list[Webhook]:
        """The address is configured in the account's settings (Webhooks); none can be given with a document."""
        url = self.account.webhook_url
        names = EVENTS.get(event.what, []) if url else []
        return [Webhook(name, url, encode(payload(name, contract, event))) for name in names]

    def headers(self, body: bytes) -> dict[str, str]:
        """HMAC-SHA256 of the body under the webhook secret: `sha256=` and lower-case hex (Signature Verification)."""
        mark = hmac.new(self.account.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
        return {"X-ESign-Signature": f"sha256={mark}"}

    def refusal(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
        """As its own refusals."""
        return refusal(status, message, headers)

    def routes(self, engine: Engine) -> list[Route]:
        """Every call of the page."""
        return [self._route(engine, method, path, action) for method, path, action in documents.ACTIONS]

    def _route(self, engine: Engine, method: str, path: str, action: Action) -> Route:
        async def endpoint(request: Request) -> Response:
            if not self._may(request):
                return refusal(401, "The API key is missing or wrong.")
            return await answer_to(engine, request, action)

        return Route(BASE + path, endpoint, methods=[method])

    def _may(self, request: Request) -> bool:
        """Every request needs the key as a Bearer token (Authentication); 401 without it is not documented."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(key.strip().encode(), self.account.token.encode())
