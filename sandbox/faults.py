"""Misbehaves on request: error answers, delays, and connections that end too early."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.requests_counted import KEY

CUT = "sandbox.cut"
"""In the scope: a function that ends the connection; see `server.CuttableProtocol`."""


@dataclass
class Fault:
    """What to do to the next `times` requests named `match` (method and route template).

    `status:CODE` or `status:CODE:SECONDS` answers with an error (and Retry-After); `delay:SECONDS` waits and goes on;
    `cut-before` ends the connection without acting; `cut-after` acts and ends it without an answer; `half-answer`
    acts and sends the first half of the answer.
    """

    match: str
    action: str
    times: int

    def __post_init__(self) -> None:
        name, *numbers = self.action.split(":")
        wanted = {"status": (1, 2), "delay": (1,), "cut-before": (0,), "cut-after": (0,), "half-answer": (0,)}
        try:
            good = len(numbers) in wanted.get(name, ()) and all(float(one) >= 0 for one in numbers)
            good = good and (name != "status" or 400 <= int(numbers[0]) <= 599)
        except ValueError:
            good = False
        if not good:
            raise ValueError("The action is one of status:CODE, delay:SECONDS, cut-before, cut-after, half-answer.")
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

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        action = self._faults.next(scope[KEY]) if scope["type"] == "http" else None
        if action is None:
            await self._app(scope, receive, send)
            return
        name, *numbers = action.split(":")
        if name == "status":
            await _error(numbers)(scope, receive, send)
        elif name == "delay":
            await asyncio.sleep(float(numbers[0]))
            await self._app(scope, receive, send)
        elif name == "cut-before":
            await _cut(scope, receive)
        else:
            await self._act_and_cut(scope, receive, send, half=name == "half-answer")

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


def _error(numbers: list[str]) -> JSONResponse:
    status = int(numbers[0])
    headers = {"Retry-After": numbers[1]} if len(numbers) > 1 else {}
    said = {"error_code": "sandbox-fault", "error_message": "This error was asked for at /_sandbox/faults."}
    return JSONResponse({"status": "error", "data": said}, status, headers)


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
