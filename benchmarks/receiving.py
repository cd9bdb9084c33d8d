"""What taking a webhook costs: the receiver as people run it, beside a handler that reads the body and keeps nothing.

    python -m benchmarks.receiving [--number 20000] [--connections 100] [--out FILE]

Receiver, bare handler and the one that delivers are a process each. The bare handler is one of Starlette's in the
receiver's own server, with the same protocol and limits; `--plain` takes Starlette away from it, which the receiver
does without for its deliveries.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import hmac
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
from pydantic import SecretStr
from starlette.types import Receive, Scope, Send

from benchmarks.stage import PROJECT, clean
from connectors.signing.hooks import hook_url

TOKEN, SECRET, METRICS = "made-up-token", "made-up-receiver-secret", "made-up-metrics-token"
ACCOUNT = "sandbox"


def body(number: int) -> bytes:
    """One delivery, of the size that eSignatures sends for a contract with two signers."""
    signers = [
        {"id": f"sig-{number}-{which}", "name": f"Signer {which}", "email": f"person{which}@example.com",
         "mobile": "", "company_name": "", "signing_order": str(which),
         "signer_field_values": {"note": "as agreed", "city": "Springfield"},
         "events": [{"event": "email_contract_sent", "timestamp": "2026-01-01T00:00:00Z"},
                    {"event": "sign_contract", "timestamp": "2026-01-02T00:00:00Z"}]}
        for which in (1, 2)
    ]  # fmt: skip
    contract = {"id": f"con-{number}", "status": "signed", "title": "Agreement", "metadata": f"REF{number:07}",
                "source": "api", "test": "yes", "labels": [], "signers": signers}  # fmt: skip
    return json.dumps({"status": "signer-signed", "data": {"signer": signers[0], "contract": contract}}).encode()


def request(url: str, content: bytes) -> bytes:
    """The whole of a signed delivery, as it goes over the wire."""
    parts = urlsplit(url)
    proof = hmac.new(TOKEN.encode(), content, hashlib.sha256).hexdigest()
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: eSignatures\r\nAccept: */*\r\n"
        f"Content-Type: application/json\r\nX-Signature-SHA256: {proof}\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


class Sender(asyncio.Protocol):
    """One connection: a delivery, its answer, the next delivery."""

    def __init__(self, waiting: Iterator[bytes], seconds: list[float]) -> None:
        self._waiting = waiting
        self._seconds = seconds
        self._begun = 0.0
        self._seen = b""
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._seen += data
        if not self._seen.endswith(b"\r\n\r\n"):
            return
        self._seconds.append(time.perf_counter() - self._begun)
        if not self._seen.startswith(b"HTTP/1.1 200 "):
            self._fail(self._seen[:40].decode("latin-1"))
            return
        self._seen = b""
        self._next()

    def connection_lost(self, problem: Exception | None) -> None:
        self._fail("the connection was closed")

    def _next(self) -> None:
        delivery = next(self._waiting, None)
        if delivery is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._begun = time.perf_counter()
        self._transport.write(delivery)

    def _fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(f"A delivery was not taken: {why}"))


async def deliver(url: str, numbers: range, connections: int) -> dict[str, Any]:
    """Have them all taken; everything is signed before the clock starts."""
    prepared = iter([request(url, body(number)) for number in numbers])
    seconds: list[float] = []
    parts = urlsplit(url)
    begun = time.perf_counter()
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: Sender(prepared, seconds), parts.hostname, parts.port)
        for _ in range(connections)
    ]
    await asyncio.gather(*(sender.done for _, sender in made))
    took = time.perf_counter() - begun
    return {"seconds": took, "milliseconds": [round(each * 1000, 2) for each in seconds]}


async def plain(scope: Scope, receive: Receive, send: Send) -> None:
    """The least a handler can be."""
    if scope["type"] == "http":
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})
        return
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})


async def bare(port: int, *, starlette: bool) -> None:
    """Read each body, answer 200, keep nothing; in the receiver's server."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from receiver.server import make_server

    async def handler(request: Request) -> Response:
        await request.body()
        return Response()

    routes = [Route("/hooks/{provider}/{account}/{token}", handler, methods=["POST"])]
    listener = socket.create_server(("127.0.0.1", port), backlog=1024)
    await make_server(Starlette(routes=routes) if starlette else plain).serve(sockets=[listener])


@contextlib.contextmanager
def running(command: list[str], port: int, env: dict[str, str]) -> Iterator[psutil.Process]:
    """A server of its own, from when it listens until the block ends."""
    with subprocess.Popen([sys.executable, "-m", *command], cwd=PROJECT, env=env) as process:
        try:
            _until_it_listens(process, port)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(10)


class Server:
    """One of the two while it is measured, and what its rounds came to."""

    def __init__(self, port: int, process: psutil.Process) -> None:
        self.port = port
        self.process = process
        self.hook = hook_url(f"http://127.0.0.1:{port}", [SecretStr(SECRET)], "esignatures", ACCOUNT)
        self.rounds: list[dict[str, Any]] = []
        self.cpu = 0.0

    def take(self, numbers: range, connections: int, *, count: bool = True) -> None:
        """One round of deliveries."""
        before = _cpu(self.process)
        figures = _delivered(self.hook, numbers, connections)
        if count:
            self.rounds.append(figures)
            self.cpu += _cpu(self.process) - before

    def figures(self) -> dict[str, Any]:
        """All rounds as one."""
        milliseconds = [each for one in self.rounds for each in one["milliseconds"]]
        cuts = statistics.quantiles(milliseconds, n=100)
        number, seconds = len(milliseconds), sum(one["seconds"] for one in self.rounds)
        return {
            "number": number, "seconds": seconds, "per_second": number / seconds, "p50_ms": cuts[49],
            "p99_ms": cuts[98], "cpu_ms_each": self.cpu / number * 1000, "peak_mib": _peak(self.process),
        }  # fmt: skip


def measure(number: int, connections: int, handler: str, rounds: int = 10) -> dict[str, Any]:
    """Both, in rounds by turns, since a machine is not equally fast at all times."""
    each = number // rounds
    with tempfile.TemporaryDirectory(prefix="esign-bench-") as home:
        env = clean() | {
            "ESIGN_HOME": home, "ESIGN_ENV_FILE": "", "ESIGN_RECEIVER_SECRET": SECRET, "ESIGN_METRICS_TOKEN": METRICS,
            "ESIGN_SANDBOX_URL": "http://127.0.0.1:9", "ESIGN_SANDBOX_TOKEN": TOKEN,
        }  # fmt: skip
        ports = _free_port(), _free_port()
        with (
            running(["benchmarks.receiving", "bare", str(ports[0]), handler], ports[0], env) as one,
            running(["receiver", "--port", str(ports[1])], ports[1], env) as other,
        ):
            bare, receiver = Server(ports[0], one), Server(ports[1], other)
            for server in (bare, receiver):  # imports, first connections, the file's first pages
                server.take(range(number, number + 500), connections, count=False)
            before = _commits(receiver.port)
            for turn in range(rounds):
                for server in (bare, receiver):
                    server.take(range(turn * each, (turn + 1) * each), connections)
            commits = _commits(receiver.port) - before
            results = {
                "connections": connections,
                "handler": handler,
                "bare": bare.figures(),
                "receiver": receiver.figures(),
            }
    results["ratio"] = results["receiver"]["per_second"] / results["bare"]["per_second"]
    results["commits_each"] = commits / results["receiver"]["number"]
    return results


def as_text(results: dict[str, Any]) -> str:
    """A line for each of the two, and how they compare."""
    lines = [
        f"{name:9} {one['per_second']:6.0f}/s   p50 {one['p50_ms']:5.1f} ms   p99 {one['p99_ms']:5.1f} ms   "
        f"{one['cpu_ms_each']:.3f} ms of processor each   peak {one['peak_mib']:.0f} MiB"
        for name in ("bare", "receiver")
        for one in [results[name]]
    ]
    last = f"{results['connections']} connections: {results['ratio']:.2f} of bare"
    return "\n".join([*lines, f"{last}, {results['commits_each']:.3f} commits a delivery"])


def _delivered(hook: str, numbers: range, connections: int) -> dict[str, Any]:
    words = [str(word) for word in (hook, numbers.start, len(numbers), connections)]
    command = [sys.executable, "-m", "benchmarks.receiving", "deliver", *words]
    done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, check=True, timeout=600)
    return json.loads(done.stdout)


def _commits(port: int) -> float:
    """How often the receiver has committed, as it says itself."""
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {METRICS}"})
    with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 - our own receiver
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[1]) for line in lines if line.startswith("esign_commits_total "))


def _cpu(process: psutil.Process) -> float:
    used = process.cpu_times()
    return used.user + used.system


def _peak(process: psutil.Process) -> float:
    """MiB at the most (Linux)."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) / 1024


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        assert process.poll() is None, "The server ended by itself."
        time.sleep(0.05)
    raise TimeoutError("The server does not listen.")


def main() -> None:
    """Measure, print, write down."""
    if sys.argv[1:2] == ["bare"]:
        asyncio.run(bare(int(sys.argv[2]), starlette=sys.argv[3] == "starlette"))
        return
    if sys.argv[1:2] == ["deliver"]:
        first, number, connections = map(int, sys.argv[3:6])
        print(json.dumps(asyncio.run(deliver(sys.argv[2], range(first, first + number), connections))))
        return
    parser = argparse.ArgumentParser(description="What taking a webhook costs.")
    parser.add_argument("--number", type=int, default=20_000, help="deliveries")
    parser.add_argument("--connections", type=int, default=100, help="connections they come over")
    parser.add_argument("--plain", action="store_true", help="compare with a handler without Starlette")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    results = measure(given.number, given.connections, "plain" if given.plain else "starlette")
    print(as_text(results))
    if given.out:
        given.out.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
