"""Ties the dialect together: who may call, which routes there are, and how webhooks are written and signed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.contract import Contract, Event
from sandbox.dialect import Dialect, Webhook
from sandbox.engine import Engine
from sandbox.esignatures import contracts, signers, templates
from sandbox.esignatures.answers import EVENTS, encode, payload
from sandbox.esignatures.calls import Action, answer_to, refusal
from sandbox.links import Links

BASE = "/esignatures/api"


class ESignatures(Dialect):
    """One account with one secret token, which is API key and webhook key at once."""

    name = "esignatures"
    retry_hours = (1.0,) * 6
    """"will retry the webhook every hour, up to six times" (Webhooks)."""

    def webhooks(self, contract: Contract, event: Event, links: Links) -> list[Webhook]:
        """custom_webhook_url "overrides the default URL specified in your API settings"."""
        url = contract.webhook_url or self.account.webhook_url
        asked = event.signer is None or event.what not in ("invited", "reminded") or bool(event.signer.request_by)
        if not url or not asked:
            return []
        return [
            Webhook(name, url, encode({"status": name, "data": payload(name, contract, event, links)}))
            for name in EVENTS.get(event.what, [])
        ]

    def headers(self, body: bytes) -> dict[str, str]:
        """X-Signature-SHA256, in lower-case hex."""
        key = self.account.webhook_secret.encode()
        return {"X-Signature-SHA256": hmac.new(key, body, hashlib.sha256).hexdigest()}

    def refusal(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
        """As its own refusals, with a code that only a sandbox gives."""
        return refusal(status, "sandbox-fault", message, headers)

    def routes(self, engine: Engine) -> list[Route]:
        """Every call of the reference that this sandbox understands."""
        table = [*contracts.ACTIONS, *signers.ACTIONS, *templates.ACTIONS]
        return [self._route(engine, method, path, action) for method, path, action in table]

    def _route(self, engine: Engine, method: str, path: str, action: Action) -> Route:
        async def endpoint(request: Request) -> Response:
            if not self._may(request):
                return refusal(401, "unauthorized", "The secret token is missing or wrong.")
            return await answer_to(engine, request, action)

        return Route(BASE + path, endpoint, methods=[method])

    def _may(self, request: Request) -> bool:
        """The token comes as the parameter `token`, or as the user of Basic authentication without a password."""
        given = request.query_params.get("token")
        if given is not None:
            return hmac.compare_digest(given.encode(), self.account.token.encode())
        scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            user, colon, password = base64.b64decode(credentials.strip(), validate=True).partition(b":")
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(user, self.account.token.encode()) and colon == b":" and password == b""
