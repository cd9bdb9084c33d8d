"""Reads a request's body: all of it, but not more than a megabyte, and not for ever."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from receiver.errors import TooLarge, TooSlow

LIMIT = 1024 * 1024


async def read_body(receive: Receive, seconds: float) -> bytes:
    """The raw bytes, with or without a declared length. Raises `TooLarge`, `TooSlow`, `ClientDisconnect`."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                part = message.get("body", b"")
                size += len(part)
                if size > LIMIT:
                    raise TooLarge
                parts.append(part)
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError:
        raise TooSlow from None
