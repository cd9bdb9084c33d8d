"""A receiver on a port of this machine, a Prefect server that remembers what it was told, and signed deliveries."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.signing.hooks import hook_url
from ledger.settings import Settings, read_settings
from ledger.store import Ledger
from receiver.app import create_app
from receiver.impatience import Impatient
from receiver.server import make_server

SECRET = "receiver-secret-of-the-tests"
API_TOKEN = "token-of-account-default"
SIGNATURE = "x-signature-sha256"
PERSON = "person01@example.com"


def variables(home: Path, **more: str) -> dict[str, str]:
    """The environment of a receiver with the account esignatures/default."""
    return {
        "ESIGN_HOME": str(home),
        "ESIGN_RECEIVER_SECRET": SECRET,
        "ESIGN_ESIGNATURES_API_TOKEN": API_TOKEN,
        **more,
    }


def body(contract: str = "con-01", name: str = "contract-signed") -> bytes:
    signer = {"id": "sig-01", "email": PERSON, "name": "Signer One"}
    contract_data = {"id": contract, "metadata": "E7K2M9Q4XW", "test": "yes", "signers": [signer]}
    return json.dumps({"status": name, "data": {"contract": contract_data}}).encode()


def signed(content: bytes, key: str = API_TOKEN) -> dict[str, str]:
    """The headers eSignatures sends: lower-case hexadecimal HMAC-SHA256 of the raw body."""
    return {SIGNATURE: hmac.new(key.encode(), content, hashlib.sha256).hexdigest(), "content-type": "application/json"}


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


async def until(condition: Callable[[], bool | Awaitable[bool]], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while True:
            held = condition()
            if held if isinstance(held, bool) else await held:
                return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def serving(server: uvicorn.Server, port: int = 0) -> AsyncIterator[str]:
    """Run a uvicorn server beside the test; yields its address."""
    listener = socket.create_server(("127.0.0.1", port))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await until(lambda: server.started or task.done())
        yield address
    finally:
        server.should_exit = True
        await task


@dataclass
class Receiver:
    """A running receiver; `url` is where the provider sends, `file` the ledger seen without any of our code."""

    address: str
    settings: Settings
    ledger: Ledger
    file: Path
    client: httpx.AsyncClient
    url: str

    async def deliver(self, content: bytes, headers: Mapping[str, str] | None = None, url: str = "") -> httpx.Response:
        given = signed(content) if headers is None else headers
        return await self.client.post(url or self.url, content=content, headers=given)

    def sql(self, statement: str) -> list[Any]:
        return sql(self.file, statement)

    def inbox(self) -> list[bytes]:
        return [row[0] for row in self.sql("SELECT body FROM inbox ORDER BY id")]


def sql(file: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(file)) as connection, connection:
        return connection.execute(statement).fetchall()


@asynccontextmanager
async def receiving(
    home: Path, env: Mapping[str, str] | None = None, *, http: type[Impatient] = Impatient, **more: Any
) -> AsyncIterator[Receiver]:
    env = variables(home) if env is None else env
    settings = read_settings(env)
    async with (
        await Ledger.open(settings.ledger_url) as ledger,
        serving(make_server(create_app(settings, ledger, env, **more), http, settings.trusted_proxies)) as address,
        httpx.AsyncClient(timeout=20, trust_env=False) as client,
    ):
        url = hook_url(address, settings.receiver_secrets, "esignatures", "default")
        yield Receiver(address, settings, ledger, home / "ledger.db", client, url)


@dataclass
class PrefectServer:
    """The two things a receiver asks of a Prefect server, and what it was asked."""

    port: int = field(default_factory=free_port)
    blocks: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Block values by `type-slug/name`."""
    events: list[dict[str, Any]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    reads: int = 0
    authorization: set[str | None] = field(default_factory=set)
    status: int = 0
    """Set to answer everything with this status."""
    coming: dict[str, int] = field(default_factory=dict)
    """Number of runs of process-events by state."""
    starts_in: timedelta = timedelta()
    """When those are expected to start, from now."""

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    @asynccontextmanager
    async def up(self) -> AsyncIterator[PrefectServer]:
        """Answer until the block ends; may be entered again, on the same port."""
        block_path = "/api/block_types/slug/{slug}/block_documents/name/{name}"
        app = Starlette(
            routes=[
                Route("/api/events", self._events, methods=["POST"]),
                Route("/api/flow_runs/count", self._count, methods=["POST"]),
                Route("/api/health", self._health),
                Route(block_path, self._block),
            ],
        )
        config = uvicorn.Config(app, log_config=None, log_level="error", access_log=False, lifespan="off")
        async with serving(uvicorn.Server(config), self.port):
            yield self

    async def _events(self, request: Request) -> Response:
        self.authorization.add(request.headers.get("authorization"))
        if self.status:
            return Response(status_code=self.status)
        self.events += await request.json()
        self.times.append(asyncio.get_running_loop().time())
        return Response(status_code=204)

    async def _health(self, request: Request) -> Response:
        return JSONResponse(True)

    async def _count(self, request: Request) -> Response:
        asked = await request.json()
        assert asked["deployments"] == {"name": {"any_": ["process-events"]}}
        states, window = asked["flow_runs"]["state"]["type"]["any_"], asked["flow_runs"].get("expected_start_time", {})
        starts = datetime.now(UTC) + self.starts_in
        early = "after_" in window and starts < datetime.fromisoformat(window["after_"])
        late = "before_" in window and starts > datetime.fromisoformat(window["before_"])
        return JSONResponse(0 if early or late else sum(self.coming.get(state, 0) for state in states))

    async def _block(self, request: Request) -> Response:
        self.authorization.add(request.headers.get("authorization"))
        self.reads += 1
        if self.status:
            return Response(status_code=self.status)
        values = self.blocks.get(f"{request.path_params['slug']}/{request.path_params['name']}")
        if values is None:
            return JSONResponse({"detail": "Block document not found"}, status_code=404)
        if request.query_params.get("include_secrets") != "true":
            values = {**values, "api_token": "********"}
        return JSONResponse({"name": request.path_params["name"], "data": values})
