"""Ties the dialect together: who may call and how often, which routes there are, and how webhooks are written."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.contract import Contract, Event
from sandbox.dialect import Dialect, Webhook
from sandbox.docsautomator import configuring, documents, sessions
from sandbox.docsautomator.automations import Automations
from sandbox.docsautomator.calls import BASE, NO_KEY, Action, Call, answer_to, encode, refused
from sandbox.docsautomator.jobs import Jobs
from sandbox.docsautomator.limits import Window
from sandbox.docsautomator.telling import told
from sandbox.engine import Engine
from sandbox.links import Links


class DocsAutomator(Dialect):
    """One workspace with one key. Its webhooks carry no signature and are not repeated, as nothing is documented of
    either; neither is how long it waits for an answer."""

    name = "docsautomator"
    requests_per_window: ClassVar[int] = 2000
    """"2000 requests per 15 minutes per API key" (API introduction)."""
    active_jobs: ClassVar[int] = 5
    queued_jobs: ClassVar[int] = 50
    """"Max 50 queued jobs per workspace", "Max 5 active jobs per workspace" (troubleshooting page, Rate Limits)."""
    job_pace_seconds: ClassVar[float] = 0.1
    """How long a job is waiting and then active at least: "5-30 seconds" at the provider (API introduction)."""

    def webhooks(self, contract: Contract, event: Event, links: Links) -> list[Webhook]:
        """The address is set on the automation at the provider's web pages; here all automations share it."""
        url = contract.webhook_url or self.account.webhook_url
        made = told(contract, event, links) if url else None
        return [] if made is None else [Webhook(made[0], url, encode(made[1]))]

    def refusal(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
        """As the eSign page has it."""
        return refused(f"{BASE}/esign/", status, message, headers)

    def routes(self, engine: Engine) -> list[Route]:
        """Every call that this sandbox understands."""
        automations = Automations(engine)
        jobs = Jobs(
            engine,
            automations,
            active=self.active_jobs,
            queued=self.queued_jobs,
            pace_seconds=self.job_pace_seconds,
        )
        window = Window(engine.clock, self.requests_per_window)

        def route(method: str, path: str, action: Action) -> Route:
            async def endpoint(request: Request) -> Response:
                if not self._may(request):
                    return refused(request.url.path, 401, NO_KEY)
                if wait := window.take():
                    return refused(request.url.path, 429, "Too many requests", {"Retry-After": str(wait)})
                await jobs.resume()
                return await answer_to(Call(engine, automations, jobs, request), action)

            return Route(BASE + path, endpoint, methods=[method])

        return [route(*row) for row in (*documents.ACTIONS, *configuring.ACTIONS, *sessions.ACTIONS)]

    def _may(self, request: Request) -> bool:
        """`Authorization: Bearer <key>`, or `X-API-Key: <key>` (API introduction)."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        given = token.strip() if scheme.lower() == "bearer" else request.headers.get("X-API-Key", "")
        return hmac.compare_digest(given.encode(), self.account.token.encode())
