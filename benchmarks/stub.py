"""A provider that accepts everything after a while, in a process of its own and light enough not to be the bottleneck.

    python -m benchmarks.stub [--seconds 0.05]

It prints its address. `POST /manners` changes how it behaves, `GET /record` says how many calls it took and refused in
each tenth of a second. A rate is kept as strictly as can be: never more than so many in any second.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
from collections import Counter, deque
from typing import Any

import orjson

DOCUMENT = b"%PDF-1.7\n" + b"% a page or two\n" * 4_000
"""What it hands out as a signed document: 64 kilobytes."""


class Manners:
    """How it answers: after `seconds`; `rate` calls a second at most; a refusal to everything until `storm_ends`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.rate: int | None = None
        self.storm_ends = 0.0
        self.retry_after: int | None = None
        self.numbers = itertools.count(1)
        self.recent: deque[float] = deque()
        self.took: Counter[int] = Counter()
        self.refused: Counter[int] = Counter()

    def change(self, asked: dict[str, Any], now: float) -> None:
        self.rate = asked.get("rate")
        self.retry_after = asked.get("retry_after")
        self.storm_ends = now + asked.get("storm_seconds", 0.0)
        self.took.clear()
        self.refused.clear()
        self.recent.clear()

    def refuses(self, now: float) -> bool:
        """Whether this call comes too soon; one that does not counts."""
        while self.recent and self.recent[0] <= now - 1.0:
            self.recent.popleft()
        too_soon = now < self.storm_ends or (self.rate is not None and len(self.recent) >= self.rate)
        if not too_soon and self.rate is not None:
            self.recent.append(now)
        (self.refused if too_soon else self.took)[int(now * 10)] += 1
        return too_soon


class Conversation(asyncio.Protocol):
    """One connection: requests one after the other, each with its length said beforehand."""

    def __init__(self, manners: Manners) -> None:
        self.manners = manners
        self.loop = asyncio.get_running_loop()
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lines = head.split(b"\r\n")
        length = next((int(line[15:]) for line in lines if line[:15].lower() == b"content-length:"), 0)
        if len(rest) < length:
            return
        self.buffer = rest[length:]
        method, path, _ = lines[0].split(b" ", 2)
        self._answer(method, path, rest[:length])

    def _answer(self, method: bytes, path: bytes, body: bytes) -> None:
        now = self.loop.time()
        if path == b"/record":
            answer = {"took": dict(self.manners.took), "refused": dict(self.manners.refused), "now": int(now * 10)}
            self._say(b"200 OK", orjson.dumps(answer, option=orjson.OPT_NON_STR_KEYS))
        elif path == b"/manners":
            self.manners.change(orjson.loads(body), now)
            self._say(b"200 OK", b"{}")
        elif path.startswith(b"/files/"):
            self._say(b"200 OK", DOCUMENT)
        elif method == b"GET":
            self._say(b"200 OK", b'{"data":[]}')
        elif self.manners.refuses(now):
            wait = self.manners.retry_after
            self._say(b"429 Too Many Requests", b"{}", b"" if wait is None else b"Retry-After: %d\r\n" % wait)
        else:
            self.loop.call_later(self.manners.seconds, self._say, b"200 OK", self._accepted(body))

    def _accepted(self, body: bytes) -> bytes:
        asked = orjson.loads(body)
        number = next(self.manners.numbers)
        signers = [{"id": f"sig-{number}-{at}", **signer} for at, signer in enumerate(asked["signers"])]
        contract = {"id": f"con-{number}", "status": "sent", "metadata": asked.get("metadata"), "signers": signers}
        return orjson.dumps({"status": "queued", "data": {"contract": contract}})

    def _say(self, status: bytes, body: bytes, more: bytes = b"") -> None:
        if not self.transport.is_closing():
            head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%b\r\n"
            self.transport.write(head % (status, len(body), more) + body)


async def serve(seconds: float) -> None:
    """Answer on a free port of the loopback until ended."""
    manners = Manners(seconds)
    server = await asyncio.get_running_loop().create_server(lambda: Conversation(manners), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A provider that accepts everything after a while.")
    parser.add_argument("--seconds", type=float, default=0.05)
    asyncio.run(serve(parser.parse_args().seconds))
