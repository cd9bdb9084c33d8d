"""Counts requests by method and route template, so that tests can say who asked what how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

KEY = "sandbox.route"


class RequestsCounted:
    """Names each request, e.g. `GET /esignatures/api/contracts/{id}`, and counts it, whatever becomes of it."""

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute], counts: Counter[str]) -> None:
        self._app = app
        self._routes = [route for route in routes if isinstance(route, Route | Mount)]
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope[KEY] = f"{scope['method']} {self._template(scope)}"
            self._counts[scope[KEY]] += 1
        await self._app(scope, receive, send)

    def _template(self, scope: Scope) -> str:
        for route in self._routes:
            if route.matches(scope)[0] is Match.FULL:
                return route.path
        return "(no such route)"
