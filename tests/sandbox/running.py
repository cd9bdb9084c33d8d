"""Starts sandboxes for the tests, in this process or in one of their own, and plays the people around them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.app import Options, sandbox
from sandbox.forms import Form, Page
from sandbox.server import listen, server_for

TOKEN = "token-of-example-company-01"
API = "/esignatures/api"


def signers(*emails: str, **more: Any) -> list[dict[str, Any]]:
    """Signer One, Signer Two, … in the order of their addresses."""
    names = ("One", "Two", "Three", "Four")
    return [{"name": f"Signer {name}", "email": email, **more} for name, email in zip(names, emails, strict=False)]


def wanted(*emails: str, **more: Any) -> dict[str, Any]:
    """A small test contract for these signers."""
    return {"markdown": "# Terms\n\nBe kind.", "title": "Terms", "test": "yes", "signers": signers(*emails)} | more


@dataclass
class Customer:
    """Somebody who calls the provider's API."""

    client: httpx.AsyncClient
    url: str

    async def post(self, path: str, body: object = None) -> httpx.Response:
        if body is None:
            return await self.client.post(f"{self.url}{API}{path}")
        return await self.client.post(f"{self.url}{API}{path}", json=body)

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(f"{self.url}{API}{path}")

    async def create(self, *emails: str, **more: Any) -> dict[str, Any]:
        answer = await self.post("/contracts", wanted(*emails, **more))
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]["contract"]

    async def contract(self, contract_id: str) -> dict[str, Any]:
        return (await self.get(f"/contracts/{contract_id}")).json()["data"]["contract"]

    async def admin(self, path: str) -> Any:
        return (await self.client.get(f"{self.url}/_sandbox{path}")).json()

    async def fault(self, match: str, action: str, times: int = 1) -> None:
        fault = {"match": match, "action": action, "times": times}
        (await self.client.post(f"{self.url}/_sandbox/faults", json=fault)).raise_for_status()


class Person:
    """Somebody with a browser."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.browser = httpx.AsyncClient(trust_env=False, timeout=20)

    async def open(self, address: str) -> Page:
        return Page((await self.browser.get(urljoin(self.url, address), follow_redirects=True)).text)

    async def mails(self) -> list[Page]:
        """All messages, oldest first."""
        box = await self.open("/mailbox")
        links = [one.href for one in box.links if one.href.rsplit("/", 1)[-1].isdigit()]
        return [await self.open(link) for link in reversed(list(dict.fromkeys(links)))]

    async def sign(self, page_url: str, **more: str) -> httpx.Response:
        form = _form(await self.open(page_url), "consent")
        assert form is not None, "there is nothing to sign"
        given = {"consent": "yes", "signature_kind": "typed", "signature_text": "Signer One"} | more
        return await self.send(page_url, form, given)

    async def decline(self, page_url: str, reason: str) -> httpx.Response:
        form = _form(await self.open(page_url), "reason")
        assert form is not None, "there is nothing to decline"
        ticked = {one.name: one.value for one in form.controls if one.kind == "checkbox" and one.required}
        return await self.send(page_url, form, ticked | {"reason": reason})

    async def may_sign(self, page_url: str) -> bool:
        return _form(await self.open(page_url), "consent") is not None

    async def send(self, page_url: str, form: Form, given: dict[str, str]) -> httpx.Response:
        hidden = {one.name: one.value for one in form.controls if one.kind == "hidden"}
        return await self.browser.post(urljoin(urljoin(self.url, page_url), form.action), data=hidden | given)


def _form(page: Page, control: str) -> Form | None:
    return next((form for form in page.forms if form.has(control)), None)


@dataclass
class Receiver:
    """Where webhooks arrive; `answers` are the status codes of the next calls, 200 after that."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    delay: float = 0

    async def take(self, request: Request) -> Response:
        raw = await request.body()
        proof = hmac.new(TOKEN.encode(), raw, hashlib.sha256).hexdigest()
        assert request.headers["X-Signature-SHA256"] == proof
        assert request.headers["Content-Type"] == "application/json"
        await asyncio.sleep(self.delay)
        status = self.answers.pop(0) if self.answers else 200
        (self.calls if status < 300 else self.refused).append(json.loads(raw))
        return Response(status_code=status, headers={"Location": self.url})

    def events(self, contract_id: str | None = None) -> list[str]:
        """The names of the events that arrived, in order."""
        return [one["status"] for one in self.calls if contract_id in (None, _contract_of(one))]

    async def wait_for(self, event: str) -> dict[str, Any]:
        await until(lambda: event in self.events())
        return next(one for one in self.calls if one["status"] == event)


def _contract_of(call: dict[str, Any]) -> str:
    data = call["data"]
    return data["contract"]["id"] if "contract" in data else data["contract_id"]


async def until(true: Callable[[], bool] | Callable[[], Awaitable[bool]], seconds: float = 40) -> None:
    """Waits for something to become true."""
    async with asyncio.timeout(seconds):
        while True:
            answer = true()
            if await answer if isinstance(answer, Awaitable) else answer:
                return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def serving(app: Any, taken: Any) -> AsyncIterator[None]:
    ready = asyncio.Event()
    server = server_for(app, ready.set)
    task = asyncio.create_task(server.serve(sockets=[taken]))
    await ready.wait()
    try:
        yield
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def receiving(receiver: Receiver | None = None) -> AsyncIterator[Receiver]:
    """A place where webhooks arrive; eSignatures' unless another one is given, a subclass with its own `take`."""
    receiver = receiver or Receiver()
    taken = listen("127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{taken.getsockname()[1]}/hooks"
    async with serving(Starlette(routes=[Route("/hooks", receiver.take, methods=["POST"])]), taken):
        yield receiver


@asynccontextmanager
async def customer_of(url: str) -> AsyncIterator[Customer]:
    async with httpx.AsyncClient(auth=(TOKEN, ""), trust_env=False, timeout=20) as client:
        yield Customer(client, url)


@asynccontextmanager
async def running(home: Path, **options: Any) -> AsyncIterator[Customer]:
    """A sandbox in this process."""
    taken = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    home.mkdir(parents=True, exist_ok=True)
    async with (
        sandbox(Options(home=home, token=TOKEN, base_url=url, **options)) as app,
        serving(app, taken),
        customer_of(url) as customer,
    ):
        yield customer


@dataclass
class Process:
    """A sandbox in a process of its own."""

    inner: asyncio.subprocess.Process
    url: str

    async def end(self, number: signal.Signals) -> int:
        self.inner.send_signal(number)
        return await asyncio.wait_for(self.inner.wait(), 10)


async def start(home: Path, *arguments: str, port: int = 0) -> Process:
    command = ["-m", "sandbox", "--home", str(home), "--port", str(port), *arguments]
    inner = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "SANDBOX_TOKEN": TOKEN},
    )
    assert inner.stdout is not None
    line = (await asyncio.wait_for(inner.stdout.readline(), 30)).decode()
    assert "ready at http://" in line, line
    return Process(inner, line.split("ready at ", 1)[1].split()[0])
