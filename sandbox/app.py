"""Puts the sandbox together: state, dialects, pages, robots, and what the tests may ask of it."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from sandbox import admin, pages
from sandbox.clock import Clock
from sandbox.engine import Engine
from sandbox.esignatures import ESignatures
from sandbox.faults import Faults, Misbehaving
from sandbox.files import Files
from sandbox.finishing import Finisher
from sandbox.links import Links
from sandbox.requests_counted import RequestsCounted
from sandbox.robots import Robots
from sandbox.seal import Sealer
from sandbox.store import Store
from sandbox.webhooks import TIMEOUT_SECONDS, Deliverer

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """How a sandbox is to run. `webhook_url` is where events go for contracts that name no address of their own."""

    home: Path
    token: str
    base_url: str
    clock_factor: float = 1.0
    robots: bool = False
    robot_delay_seconds: float = 1.0
    webhook_url: str = ""
    webhook_timeout_seconds: float = TIMEOUT_SECONDS


@asynccontextmanager
async def sandbox(options: Options) -> AsyncIterator[ASGIApp]:
    """The app, with everything behind it at work; raises sqlite3.OperationalError when the home is in use."""
    clock = Clock(options.clock_factor)
    store = await Store.open(options.home / "sandbox.db")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        secret = await store.run(lambda tables: tables.remembered("link secret", lambda: secrets.token_hex(32)))
        links = Links(options.base_url, secret, clock)
        esignatures = ESignatures(options.token, options.webhook_url)
        dialects = {"esignatures": esignatures}
        deliverer = Deliverer(store, clock, dialects, options.webhook_timeout_seconds)
        engine = Engine(store, clock, links, dialects, deliverer.announce)
        await engine.templates.seed()
        sealer = await asyncio.to_thread(Sealer, options.home)
        files = Files(options.home / "files")
        robots = Robots(options.base_url, options.robot_delay_seconds)
        finisher = Finisher(engine, files, options.home)
        stack.callback(finisher.stop)
        stack.push_async_callback(deliverer.stop)
        await deliverer.start()
        stack.push_async_callback(_ended, asyncio.create_task(finisher.run()))
        if options.robots:
            robots = Robots(options.base_url, options.robot_delay_seconds)
            stack.push_async_callback(_ended, asyncio.create_task(robots.run()))

        faults, counts = Faults(), Counter[str]()
        routes: list[BaseRoute] = [
            Route("/", lambda request: RedirectResponse("/mailbox"), methods=["GET"]),
            *esignatures.routes(engine),
            *pages.routes(engine),
            files.route(links),
            *admin.routes(engine, store, faults, counts, sealer.ca_pem),
        ]
        yield RequestsCounted(Misbehaving(Starlette(routes=routes), faults), routes, counts)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    for problem in await asyncio.gather(task, return_exceptions=True):
        if isinstance(problem, Exception):
            _log.error("Part of the sandbox had stopped working.", exc_info=problem)
