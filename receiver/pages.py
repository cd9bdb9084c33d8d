"""What the receiver says of itself: `/healthz` to anybody, `/metrics` to whoever has the token."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import time

import httpx
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Lifespan

from ledger import depth, inbox
from ledger.store import Ledger
from receiver.figures import Figures

PATIENCE = 2.0
"""Seconds the ledger, or Prefect, may take to say that it is there."""
FRESH = 5.0
"""Seconds during which neither is asked again, however often somebody wants the figures."""
TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8"


class Pages:
    """The two pages; without `token` there is only one."""

    def __init__(
        self, ledger: Ledger, figures: Figures, token: SecretStr | None, prefect: httpx.AsyncClient | None
    ) -> None:
        self._ledger = ledger
        self._figures = figures
        self._token = token
        self._prefect = prefect
        self._asked_at = -FRESH
        self._asking = asyncio.Lock()

    def app(self, lifespan: Lifespan[Starlette]) -> Starlette:
        """Them as an application; whatever else is asked for is not found, as a wrong mark is not."""
        app = Starlette(
            routes=[Route("/healthz", self._health, methods=["GET"]), Route("/metrics", self._metrics)],
            exception_handlers={404: _not_found},
            lifespan=lifespan,
        )
        app.router.redirect_slashes = False
        return app

    async def _health(self, request: Request) -> Response:
        try:
            async with asyncio.timeout(PATIENCE):
                await inbox.work_waiting(self._ledger)
        except Exception:
            return JSONResponse({"status": "unavailable"}, status_code=503)
        return JSONResponse({"status": "ok"})

    async def _metrics(self, request: Request) -> Response:
        if not self._may_see(request.headers.get("authorization", "")):
            return Response(status_code=404)
        async with self._asking:
            if time.monotonic() - self._asked_at >= FRESH:
                await asyncio.gather(self._ask_ledger(), self._ask_prefect())
                self._asked_at = time.monotonic()
        return Response(self._figures.text(), headers={"content-type": TEXT_FORMAT})

    def _may_see(self, authorization: str) -> bool:
        if self._token is None:
            return False
        wanted = f"Bearer {self._token.get_secret_value()}".encode()
        return hmac.compare_digest(authorization.encode("utf-8", "replace"), wanted)

    async def _ask_ledger(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                found = await depth.depth(self._ledger)
        except Exception:  # whatever it is, the ledger has not answered; its message might quote a row
            self._figures.stands(None, 0.0)
        else:
            states = {"waiting": found.waiting, "unmatched": found.unmatched, "dead": found.dead}
            self._figures.stands(states, found.oldest_seconds)

    async def _ask_prefect(self) -> None:
        answers = False
        if self._prefect is not None:
            with contextlib.suppress(httpx.HTTPError):
                answers = (await self._prefect.get("/health", timeout=PATIENCE)).is_success
        self._figures.prefect(answers)


async def _not_found(request: Request, problem: Exception) -> Response:
    """The same answer as for an address with a wrong mark."""
    return Response(status_code=404)
