"""Misbehaves on request: wrong answers, delays, and connections that end too early."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.dialect import Dialect
from sandbox.requests_counted import KEY

CUT = "sandbox.cut"
"""In the scope: a function that ends the connection; see `server.CuttableProtocol`."""


_ASKED_FOR = "This error was asked for at /_sandbox/faults."
_PAGE = "<!DOCTYPE html><title>One moment</title><p>This page was asked for at /_sandbox/faults."


def _status(rest: str | None) -> bool:
    code, _, seconds = (rest or "").partition(":")
    return code.isdecimal() and 400 <= int(code) <= 599 and (not seconds or _number(seconds))


def _number(rest: str | None) -> bool:
    try:
        return rest is not None and 0 <= float(rest) < inf
    except ValueError:
        return False


def _nothing(rest: str | None) -> bool:
    return rest is None


def _address(rest: str | None) -> bool:
    return bool(rest) and not any(char.isspace() for char in rest or "")


_ACTIONS: dict[str, Callable[[str | None], bool]] = {
    "status": _status,
    "error-inside": _nothing,
    "html": _nothing,
    "redirect": _address,
    "delay": _number,
    "cut-before": _nothing,
    "cut-after": _nothing,
    "half-answer": _nothing,
}
"""The actions, and what has to follow the colon."""


@dataclass
class Fault:
    """What to do to the next `times` requests named `match` (method and route template).

    `status:CODE` or `status:CODE:SECONDS` answers with the provider's error (and Retry-After); `error-inside` with its
    error body and status 200; `html` with a web page and status 200; `redirect:URL` with 302: of these nothing
    happens. `delay:SECONDS` waits and goes on; `cut-before` ends the connection without acting; `cut-after` acts and
    ends it without an answer; `half-answer` acts and sends the first half of the answer.
    """

    match: str
    action: str
    times: int

    def __post_init__(self) -> None:
        name, _, rest = self.action.partition(":")
        check = _ACTIONS.get(name)
        if check is None or not check(rest if ":" in self.action else None):
            raise ValueError(
                "The action is one of status:CODE, status:CODE:SECONDS, error-inside, html, redirect:URL, "
                "delay:SECONDS, cut-before, cut-after, half-answer."
            )
        if self.times < 1:
            raise ValueError("times is a whole number from 1.")


class Faults:
    """The faults in store, used up one by one."""

    def __init__(self) -> None:
        self.planned: list[Fault] = []

    def next(self, key: str) -> str | None:
        """The action for this request, if one is planned."""
        for fault in self.planned:
            if fault.match == key:
                fault.times -= 1
                self.planned = [one for one in self.planned if one.times > 0]
                return fault.action
        return None


class Misbehaving:
    """The ASGI layer that does it. Behind it the sandbox is sound."""

    def __init__(self, app: ASGIApp, faults: Faults, dialects: Mapping[str, Dialect]) -> None:
        self._app = app
        self._faults = faults
        self._dialects = dialects

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        action = self._faults.next(scope[KEY]) if scope["type"] == "http" else None
        if action is None:
            await self._app(scope, receive, send)
            return
        name, _, rest = action.partition(":")
        if name == "delay":
            await asyncio.sleep(float(rest))
            await self._app(scope, receive, send)
        elif name == "cut-before":
            await _cut(scope, receive)
        elif name in ("cut-after", "half-answer"):
            await self._act_and_cut(scope, receive, send, half=name == "half-answer")
        else:
            await self._answer(name, rest, scope)(scope, receive, send)

    def _answer(self, name: str, rest: str, scope: Scope) -> Response:
        if name == "html":
            return HTMLResponse(_PAGE)
        if name == "redirect":
            return RedirectResponse(rest, 302)
        dialect = self._dialects.get(scope["path"].split("/")[1])
        status, _, seconds = rest.partition(":")
        headers = {"Retry-After": seconds} if seconds else {}
        number = int(status) if name == "status" else 400
        refused = (
            JSONResponse({"problem": _ASKED_FOR}, number, headers)
            if dialect is None
            else dialect.refusal(number, _ASKED_FOR, headers)
        )
        if name == "error-inside":
            refused.status_code = 200
        return refused

    async def _act_and_cut(self, scope: Scope, receive: Receive, send: Send, *, half: bool) -> None:
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        await self._app(scope, receive, keep)
        if half:
            body = b"".join(message.get("body", b"") for message in answer[1:])
            await send(_with_length(answer[0], len(body)))
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        await _cut(scope, receive)


def _with_length(start: Message, length: int) -> dict[str, Any]:
    headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
    return {**start, "headers": [*headers, (b"content-length", str(length).encode())]}


async def _cut(scope: Scope, receive: Receive) -> None:
    """Ends the connection and waits until the server has noticed, so that it does not answer in our place."""
    scope[CUT]()
    try:
        while (await receive())["type"] != "http.disconnect":
            pass
    except ClientDisconnect:
        return
