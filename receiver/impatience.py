"""Closes connections nobody gains from: uvicorn limits how many there are, but not how long or how much they send.

The protocol is uvicorn's in C (httptools); the one in Python took longer over a delivery than everything of ours.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT = 32 * 1024
"""Bytes of first line and headers, at most, and of whatever else is not body: trailers, a chunk's extensions."""
MOST_AHEAD = 16
"""Requests that may be sent before the answer to an earlier one."""


class Impatient(HttpToolsProtocol):
    """uvicorn's HTTP protocol (0.54), which by itself waits for ever for the headers of a request, keeps as many of
    them as are sent, takes requests ahead without end, and after an early answer reads its body to the end, if it has
    one."""

    head_seconds: ClassVar[float] = 10.0
    """Seconds from the connection's beginning, or a later request's first byte, until its headers are complete; also
    how long a sender may leave our answers unread."""

    linger_seconds: ClassVar[float] = 1.0
    """Seconds a sender may go on after an early answer; hung up on at once, it would see a reset and no answer."""

    _patience: asyncio.TimerHandle | None = None
    _head = 0
    """Bytes of this request's head, and of its trailers, so far."""
    _unheard = 0
    """Bytes the parser has taken without telling us of anything: an unfinished header, which it keeps."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait(self.head_seconds)

    def data_received(self, data: bytes) -> None:
        self._unheard += len(data)
        super().data_received(data)
        if self._unheard > HEAD_LIMIT and not self.transport.is_closing():
            self.send_400_response("Invalid HTTP request received.")
        elif self.cycle is None or self.cycle.response_complete:
            self._wait(self.head_seconds)
        else:
            self._stop_waiting()

    def on_message_begin(self) -> None:
        self._head = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= MOST_AHEAD:
            raise ValueError  # the parser's way to be stopped: becomes a 400
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unheard = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unheard = 0
        super().on_message_complete()
        if self.cycle.response_complete:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete and self.cycle.more_body:
            self._wait(self.linger_seconds)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._wait(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _count(self, size: int) -> None:
        self._unheard = 0
        self._head += size
        if self._head > HEAD_LIMIT:
            raise ValueError

    def _wait(self, seconds: float) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(seconds, self._let_go)

    def _let_go(self) -> None:
        self.transport.close()
        if self.transport.get_write_buffer_size():  # close() alone would wait until it is read
            self.transport.abort()

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
