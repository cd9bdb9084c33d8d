"""Reads a request's body: all of it, but not more than a megabyte, and not for ever."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from receiver.errors import TooLarge, TooSlow

LIMIT = 1024 * 1024


async def read_body(request: Request, seconds: float) -> bytes:
    """The raw bytes, with or without a declared length. Raises `TooLarge`, `TooSlow`, `ClientDisconnect`."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                size += len(part)
                if size > LIMIT:
                    raise TooLarge
                parts.append(part)
    except TimeoutError:
        raise TooSlow from None
    return b"".join(parts)
