"""The receiver as an ASGI application: the door for webhooks, pages about itself, and two tasks behind."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping

import httpx
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from ledger.settings import Settings
from ledger.store import Ledger
from receiver.accounts import Accounts
from receiver.committer import Committer
from receiver.door import HOOKS, Door
from receiver.figures import Figures
from receiver.nudge import Nudger
from receiver.pages import Pages
from receiver.prefect_api import prefect_api

log = logging.getLogger("receiver")

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
) -> ASGIApp:
    """The application over an open ledger, which it does not close.

    `env` holds the accounts kept in the environment and Prefect's credentials. A body may take `body_seconds`
    to arrive, and its commit `commit_seconds`, before the sender is asked to try again (eSignatures hangs up after
    15). Prefect is told of waiting work every `nudge_seconds`.
    """
    prefect = prefect_api(settings.api_url, env) if settings.api_url else None
    nudger = Nudger(ledger, prefect, nudge_seconds) if prefect else None
    figures = Figures()
    committer = Committer(ledger, nudger.news if nudger else _nobody_to_tell, figures, commit_seconds)
    door = Door(settings.receiver_secrets, Accounts(env, prefect), committer, figures, body_seconds)

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

    pages = Pages(ledger, figures, settings.metrics_token, prefect).app(lifespan)

    async def receiver(scope: Scope, receive: Receive, send: Send) -> None:
        # Starlette's routes and middleware took a quarter of a delivery's time; the door needs neither
        below_hooks = scope["type"] == "http" and scope["path"].startswith(HOOKS)
        await (door if below_hooks else pages)(scope, receive, send)

    return receiver


async def _end(nudging: asyncio.Task[None] | None, prefect: httpx.AsyncClient | None) -> None:
    if nudging is not None:
        nudging.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await nudging
    if prefect is not None:
        await prefect.aclose()


def _nobody_to_tell() -> None: ...
