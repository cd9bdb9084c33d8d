"""Puts the sandbox together: state, dialects, pages, robots, and what the tests may ask of it."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from starlette.applications import Starlette
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from sandbox import admin, pages
from sandbox.changing import Changing
from sandbox.chores import Chores
from sandbox.clock import Clock
from sandbox.dialect import Account, Dialect
from sandbox.dialects import DIALECTS
from sandbox.engine import Engine
from sandbox.faults import Faults, Misbehaving
from sandbox.files import Files
from sandbox.finishing import Finisher
from sandbox.links import Links
from sandbox.people import People
from sandbox.requests_counted import RequestsCounted
from sandbox.robots import Robots
from sandbox.seal import Sealer
from sandbox.store import Store
from sandbox.templates import Templates
from sandbox.webhooks import Deliverer

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """How a sandbox is to run. `webhook_urls` are the addresses typed in at the providers' web pages, by dialect, and
    `webhook_url` that of all others; `webhook_timeout_seconds` stands in for the providers' own."""

    home: Path
    token: str
    base_url: str
    clock_factor: float = 1.0
    robots: bool = False
    robot_delay_seconds: float = 1.0
    webhook_url: str = ""
    webhook_urls: Mapping[str, str] = field(default_factory=dict)
    webhook_timeout_seconds: float | None = None
    dialects: tuple[type[Dialect], ...] = DIALECTS


@asynccontextmanager
async def sandbox(options: Options) -> AsyncIterator[ASGIApp]:
    """The app, with everything behind it at work; raises sqlite3.OperationalError when the home is in use."""
    clock = Clock(options.clock_factor)
    store = await Store.open(options.home / "sandbox.db")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        secret = await store.run(lambda tables: tables.remembered("link secret", lambda: secrets.token_hex(32)))
        links = Links(options.base_url, secret, clock)
        dialects = {one.name: one(await _account(one.name, options, store)) for one in options.dialects}
        deliverer = Deliverer(store, clock, dialects, options.webhook_timeout_seconds)
        changing = Changing(store, clock, links, dialects, deliverer.announce)
        templates = Templates(store, clock)
        await templates.seed()
        sealer = await asyncio.to_thread(Sealer, options.home)
        files = Files(options.home / "files")
        chores = Chores(changing)
        finisher = Finisher(chores, files, options.home)
        stack.callback(finisher.stop)
        stack.push_async_callback(deliverer.stop)
        await deliverer.start()
        stack.push_async_callback(_ended, asyncio.create_task(finisher.run()))
        stack.push_async_callback(_ended, asyncio.create_task(chores.expire()))
        if options.robots:
            robots = Robots(options.base_url, options.robot_delay_seconds)
            stack.push_async_callback(_ended, asyncio.create_task(robots.run()))

        def engine(dialect: str | None) -> Engine:
            return Engine(changing, files, templates, dialect)

        faults, counts = Faults(), Counter[str]()
        routes: list[BaseRoute] = [
            Route("/", lambda request: RedirectResponse("/mailbox"), methods=["GET"]),
            *(route for one in dialects.values() for route in one.routes(engine(one.name))),
            *pages.routes(People(changing, files)),
            files.route(links),
            *admin.routes(engine(None), store, faults, counts, sealer.ca_pem, dialects),
        ]
        yield RequestsCounted(Misbehaving(Starlette(routes=routes), faults, dialects), routes, counts)


async def _account(dialect: str, options: Options, store: Store) -> Account:
    """All dialects share one token. An address given at the start comes before one that was typed in later."""
    given = options.webhook_urls.get(dialect) or options.webhook_url
    typed_in = await store.run(lambda tables: tables.remembered(f"webhook url of {dialect}", str))
    return Account(token=options.token, webhook_secret=options.token, webhook_url=given or typed_in)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    for problem in await asyncio.gather(task, return_exceptions=True):
        if isinstance(problem, Exception):
            _log.error("Part of the sandbox had stopped working.", exc_info=problem)
