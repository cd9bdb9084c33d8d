"""Closes connections nobody gains from: uvicorn limits how many there are, but not how long or how much they send."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class Impatient(H11Protocol):
    """uvicorn's HTTP protocol (0.54), which by itself waits for ever for the headers of a request, and after an early
    answer reads its body to the end, if it has one."""

    head_seconds: ClassVar[float] = 10.0
    """Seconds from the connection's beginning, or a later request's first byte, until its headers are complete."""

    linger_seconds: ClassVar[float] = 1.0
    """Seconds a sender may go on after an early answer; hung up on at once, it would see a reset and no answer."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait(self.head_seconds)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._wait(self.head_seconds)
        else:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self._wait(self.linger_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self, seconds: float) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(seconds, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
