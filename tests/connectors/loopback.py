"""Servers on this machine that do exactly what a test tells them: well-behaved ones, and ones that break off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    port: int
    connections: int = 0
    requests: list[httpx.Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def serving(play: Play) -> AsyncIterator[Server]:
    """Run `play` for every connection; whatever it leaves open is closed afterwards."""
    server = Server(0)
    running: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await play(reader, writer)
        writer.close()

    listener = await asyncio.start_server(connected, "127.0.0.1", 0, limit=2**24)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


@asynccontextmanager
async def answering(wire: Callable[[httpx.Request], httpx.Response]) -> AsyncIterator[Server]:
    """A well-behaved server: `wire` is a function from request to response."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await read_request(reader)
            server.requests.append(request)
            writer.write(as_bytes(wire(request)))
            await writer.drain()

    async with serving(play) as server:
        yield server


async def read_head(reader: asyncio.StreamReader) -> tuple[str, str, httpx.Headers]:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip().split("\r\n")
    method, target, _ = first.split(" ")
    return method, target, httpx.Headers([(line.partition(": ")[0], line.partition(": ")[2]) for line in lines])


async def read_request(reader: asyncio.StreamReader) -> httpx.Request:
    method, target, headers = await read_head(reader)
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    url = target if "://" in target else f"http://{headers['host']}{target}"
    return httpx.Request(method, url, headers=headers, content=body)


def as_bytes(response: httpx.Response) -> bytes:
    head = [f"HTTP/1.1 {response.status_code} Answer"]
    head += [f"{name}: {value}" for name, value in response.headers.items() if name != "content-length"]
    head += [f"content-length: {len(response.content)}", "", ""]
    return "\r\n".join(head).encode("latin-1") + response.content
