"""The receiver's answers to deliveries: a status and nothing else, written down once.

Who has no business here learns nothing, and a provider only looks at the status.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from starlette.types import Send

MORE = {
    405: ((b"allow", b"POST"),),
    503: ((b"retry-after", b"30"),),
}
"""Headers of some."""


def _messages(status: int) -> tuple[dict[str, Any], dict[str, Any]]:
    headers = [(b"content-length", b"0"), *MORE.get(status, ())]
    return {"type": "http.response.start", "status": status, "headers": headers}, {"type": "http.response.body"}


_REPLIES = {status.value: _messages(status.value) for status in HTTPStatus}


async def reply(send: Send, status: int) -> None:
    """Answer with `status`, over ASGI."""
    start, end = _REPLIES[status]
    await send(start)
    await send(end)
