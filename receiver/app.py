"""The receiver as an ASGI application: the door for webhooks, a page about its health, and two tasks behind."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ledger import inbox
from ledger.settings import Settings
from ledger.store import Ledger
from receiver.accounts import Accounts
from receiver.committer import Committer
from receiver.door import Door
from receiver.nudge import Nudger
from receiver.prefect_api import prefect_api

log = logging.getLogger("receiver")

HEALTH_SECONDS = 2.0
FINISH_SECONDS = 0.5
"""Seconds that accepted deliveries may take to be committed when the receiver is stopped."""


def create_app(
    settings: Settings,
    ledger: Ledger,
    env: Mapping[str, str],
    *,
    body_seconds: float = 6.0,
    commit_seconds: float = 8.0,
    nudge_seconds: float = 3.0,
) -> Starlette:
    """The application over an open ledger, which it does not close.

    `env` holds the accounts kept in the environment and Prefect's credentials. A body may take `body_seconds`
    to arrive, and its commit `commit_seconds`, before the sender is asked to try again (eSignatures hangs up after
    15). Prefect is told of waiting work every `nudge_seconds`.
    """
    prefect = prefect_api(settings.api_url, env) if settings.api_url else None
    nudger = Nudger(ledger, prefect, nudge_seconds) if prefect else None
    committer = Committer(ledger, nudger.news if nudger else _nobody_to_tell, commit_seconds)
    door = Door(settings.receiver_secrets, Accounts(env, prefect), committer, body_seconds)

    async def health(request: Request) -> Response:
        try:
            async with asyncio.timeout(HEALTH_SECONDS):
                await inbox.work_waiting(ledger)
        except Exception:
            return JSONResponse({"status": "unavailable"}, status_code=503)
        return JSONResponse({"status": "ok"})

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        writing = asyncio.create_task(committer.run(), name="commit")
        nudging = asyncio.create_task(nudger.run(), name="nudge") if nudger else None
        if nudging is None:
            log.warning("PREFECT_API_URL is not set: webhooks are stored, and wait until somebody processes them.")
        try:
            yield
        finally:
            await committer.finish(writing, FINISH_SECONDS)
            await _end(nudging, prefect)

    app = Starlette(
        routes=[
            Route("/healthz", health, methods=["GET"]),
            Route("/hooks/{provider}/{account}/{token}", door),
            Route("/hooks/{provider}/{account}/{token}/{ref}", door),
        ],
        exception_handlers={404: _not_found},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


async def _end(nudging: asyncio.Task[None] | None, prefect: httpx.AsyncClient | None) -> None:
    if nudging is not None:
        nudging.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await nudging
    if prefect is not None:
        await prefect.aclose()


async def _not_found(request: Request, problem: Exception) -> Response:
    """The same answer as for an address with a wrong mark."""
    return Response(status_code=404)


def _nobody_to_tell() -> None: ...
