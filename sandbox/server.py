"""Runs the app under uvicorn, with connections that can be cut and an end within two seconds."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Generator
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox.faults import CUT

STOP_SECONDS = 0.5


class CuttableProtocol(H11Protocol):
    """Lets the app end the connection it is called on: ASGI itself has no word for that."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        inner: ASGIApp = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await inner({**scope, CUT: self.transport.close} if scope["type"] == "http" else scope, receive, send)

        self.app = app


class Server(uvicorn.Server):
    """Says when it is ready, and ends by SIGTERM or Ctrl-C as a program that did its work."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, and then says so."""
        await super().startup(sockets)
        self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Asks the server to stop, without uvicorn's second raising of the signal."""
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGTERM, signal.SIGINT)
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            for number in numbers:
                loop.add_signal_handler(number, self._stop)
        yield
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            for number in numbers:
                loop.remove_signal_handler(number)

    def _stop(self) -> None:
        self.should_exit = True
        # Calls that are under way half a second from now are cut; uvicorn would write a traceback for each.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)


def listen(host: str, port: int) -> socket.socket:
    """Takes the port; raises OSError when somebody has it. Port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, port))
        taken.listen(1024)
    except OSError:
        taken.close()
        raise
    taken.setblocking(False)
    return taken


def server_for(app: ASGIApp, ready: Callable[[], None]) -> Server:
    """A server that writes nothing unless something is wrong."""
    return Server(
        uvicorn.Config(
            app,
            http=CuttableProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=STOP_SECONDS,  # type: ignore[arg-type]  # fractions do work
        ),
        ready,
    )
