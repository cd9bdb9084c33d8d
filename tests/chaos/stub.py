"""A provider in a process of its own that speaks as much of eSignatures as a sender needs, and fails by a seed."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

from aiohttp import web

from tests.chaos.fates import FATES, Faults
from tests.chaos.record import Call, Record

SHOWN = 100
"""How many contracts the list shows, the newest first."""
GARBAGE = b"<!doctype html><p>Hello."


class Stub:
    """`lag` is how many seconds the list may be behind, `timeout` the patience of those who call.

    `pause` is how many seconds a call takes at most where nothing fails, `blind` puts an unreadable entry in the list.
    """

    def __init__(
        self, faults: Faults, record: Record, *, lag: float, timeout: float, pause: float, blind: bool
    ) -> None:
        self._faults = faults
        self._record = record
        self._lag = lag
        self._timeout = timeout
        self._pause = pause
        self._blind = blind
        self._dice = Random(faults.seed)
        self._ids = itertools.count(1)
        self._calls: Counter[int] = Counter()
        self._contracts: list[tuple[float, dict[str, Any]]] = []
        self._under_way = 0
        self._looks = 0

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/api/contracts", self._create)
        app.router.add_get("/api/contracts/recent", self._recent)
        app.router.add_post("/calm", self._calm)
        app.router.add_get("/idle", self._idle)
        return app

    # -- as the provider -----------------------------------------------------------------------------------------

    async def _create(self, request: web.Request) -> web.StreamResponse:
        arrived = time.time()
        self._under_way += 1
        try:
            body = await request.json()
            row = int(re.findall(r"\d+", body["title"])[-1])
            self._calls[row] += 1
            how = self._faults.fate(row, self._calls[row])
            await asyncio.sleep(self._pause * self._dice.random())
            if how == "accepted after the caller gave up":
                await asyncio.sleep(self._timeout + 0.2 + 0.2 * self._dice.random())
            contract = self._accept(body) if FATES[how].accepted else {}
            self._record.write(Call(body["metadata"], arrived, how, contract.get("id")))
            return await self._answer(request, how, contract)
        finally:
            self._under_way -= 1

    def _accept(self, body: dict[str, Any]) -> dict[str, Any]:
        number = next(self._ids)
        signers = [{"id": f"sig-{number}-{at}", **signer} for at, signer in enumerate(body["signers"], start=1)]
        contract = {**body, "id": f"con-{number}", "status": "sent", "signers": signers}
        self._contracts.append((time.monotonic() + self._lag * self._dice.random(), contract))
        return contract

    async def _answer(self, request: web.Request, how: str, contract: dict[str, Any]) -> web.StreamResponse:
        wire = request.transport
        if wire is None:  # the caller is gone
            return web.Response()
        if how == "answered":  # as any provider would, keeping the connection
            return web.json_response({"status": "queued", "data": {"contract": contract}})
        good = _response({"status": "queued", "data": {"contract": contract}})
        header = good.index(b"\r\n\r\n") + 4
        ways: dict[str, Callable[[], Awaitable[None]]] = {
            "answered in bits": lambda: _in_bits(wire, good, self._timeout * 0.3),
            "silence": lambda: asyncio.sleep(self._timeout * 2),
            "closed": lambda: _says(wire, b""),
            "reset": lambda: _resets(wire),
            "cut in the header": lambda: _says(wire, good[: self._dice.randrange(9, header - 4)]),
            "cut in the body": lambda: _says(wire, good[: self._dice.randrange(header, len(good))]),
            "bits that never end": lambda: _in_bits(wire, good, self._timeout * 2),
            "after the caller gave up": lambda: _says(wire, good),
            "500": lambda: _says(wire, _response({"error": "something went wrong"}, "500 Internal Server Error")),
            "garbage": lambda: _says(wire, _response(GARBAGE)),
            "no id": lambda: _says(wire, _response({"status": "queued", "data": {}})),
            "503": lambda: _says(wire, _response(GARBAGE, "503 Service Unavailable")),
            "429": lambda: _says(wire, _response({"error": "too many"}, "429 Too Many Requests")),
            "429, wait": lambda: _says(wire, _response({}, "429 Too Many Requests", "Retry-After: 1\r\n")),
            "503, wait": lambda: _says(wire, _response({}, "503 Service Unavailable", "Retry-After: 1\r\n")),
            "422": lambda: _says(wire, _response({"error": "this one never"}, "422 Unprocessable Content")),
        }
        await ways[how.removeprefix("accepted").lstrip(", ")]()
        with contextlib.suppress(Exception):
            wire.close()
        return web.Response()

    async def _recent(self, request: web.Request) -> web.StreamResponse:
        self._looks += 1
        if self._faults.unclear and self._dice.random() < 0.2:
            return web.Response(status=self._dice.choice((500, 503, 200)), body=GARBAGE)
        shown = [contract for visible_at, contract in self._contracts if visible_at <= time.monotonic()]
        newest = [{"contract": contract} for contract in shown[::-1][: SHOWN - self._blind]]
        # somebody else's, on which no mark can be read: it might be any
        return web.json_response({"data": [*newest, *([{"contract": {"id": "con-0"}}] if self._blind else [])]})

    # -- as the one who plays it ---------------------------------------------------------------------------------

    async def _calm(self, request: web.Request) -> web.Response:
        self._faults = self._faults.calm()
        return web.Response()

    async def _idle(self, request: web.Request) -> web.Response:
        return web.json_response({"under_way": self._under_way, "looks": self._looks})


async def _says(wire: asyncio.Transport, answer: bytes) -> None:
    wire.write(answer)


async def _in_bits(wire: asyncio.Transport, answer: bytes, seconds: float) -> None:
    bits = 12
    size = len(answer) // bits + 1
    for at in range(0, len(answer), size):
        if wire.is_closing():
            return
        wire.write(answer[at : at + size])
        await asyncio.sleep(seconds / bits)


async def _resets(wire: asyncio.Transport) -> None:
    wire.abort()


def _response(body: dict[str, Any] | bytes, status: str = "200 OK", more: str = "") -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{more}Content-Length: {len(content)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + content


def serve(where: Connection, record: Path, faults: Faults, **manner: Any) -> None:
    """Play the provider on a free port of the loopback until killed; its address goes through `where`."""

    async def play() -> None:
        stub = Stub(faults, Record(record), **manner)
        runner = web.AppRunner(stub.app(), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        where.send(f"http://127.0.0.1:{runner.addresses[0][1]}")
        await asyncio.Event().wait()

    asyncio.run(play())
