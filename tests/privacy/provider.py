"""A provider on the loopback that repeats whatever it is told in its errors, its links and its files."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from typing import Any

from aiohttp import web

from tests.flows.fake_provider import FakeProvider, Fault
from tests.privacy.canaries import STEM, canary


class Gossip(FakeProvider):
    """`file_status` is what it answers when a signed document is fetched; `list_status` when it is searched."""

    file_status = 200
    list_status = 200

    def __init__(self, number: int) -> None:
        super().__init__()
        self._ids = itertools.count(100 * number)  # many of them share the receiver's ledger

    def accept(self, body: dict[str, Any]) -> dict[str, Any]:
        contract = super().accept(body)
        for signer in contract["signers"]:
            signer["sign_page_url"] += f"?key={canary(whose(str(body)), 'signing-key')}"
        return contract

    async def _recent(self, request: web.Request) -> web.Response:
        if self.list_status == 200:
            return await super()._recent(request)
        self.calls["recent"] += 1
        return web.json_response({"error": f"{self.contracts} {request.headers}"}, status=self.list_status)

    async def _file(self, request: web.Request) -> web.Response:
        if self.file_status == 200:
            return await super()._file(request)
        self.calls["file"] += 1
        return web.Response(status=self.file_status, text=f"{request.url} is not for you")


def whose(text: str) -> int:
    """The number of the failure whose canary stands in this text."""
    found = re.search(rf"{STEM}(\d\d)", text, re.IGNORECASE)
    return int(found[1]) if found else 0


def echoes(status: int, **headers: str) -> Fault:
    """Answers with this status, and says back the whole request with its headers."""

    async def fault(request: web.Request) -> web.Response:
        body = await request.text()
        who = json.loads(body)["signers"][0] if body else request.url
        said = f"{who} {request.headers['Authorization']} {body}"
        return web.json_response({"error": said}, status=status, headers=headers)

    return fault


def echoes_as_garbage(status: int) -> Fault:
    """Answers with the request's own body and something behind it, which is no JSON."""

    async def fault(request: web.Request) -> web.Response:
        return web.Response(status=status, body=await request.read() + b"<html>", content_type="application/json")

    return fault


def takes(seconds: float) -> Fault:
    """Is slow, and then goes on as if nothing had been."""

    async def fault(request: web.Request) -> None:
        await asyncio.sleep(seconds)

    return fault


def half_an_answer() -> Fault:
    """Begins to say the request back and hangs up."""

    async def fault(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        answer = web.StreamResponse(headers={"Content-Length": str(len(body) * 2)})
        await answer.prepare(request)
        await answer.write(body)
        assert request.transport is not None
        request.transport.close()
        return answer

    return fault


def answers(value: Any) -> Fault:
    """Answers 200 with this."""

    async def fault(request: web.Request) -> web.Response:
        return web.json_response(value)

    return fault
