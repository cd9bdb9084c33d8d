"""`python -m receiver --host --port`: opens the ledger and answers webhooks until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from typing import NoReturn

from ledger.errors import LedgerError
from ledger.settings import Settings, load_settings
from ledger.store import Ledger
from receiver.app import create_app
from receiver.server import make_server

NOT_CONFIGURED, OUTSIDE_FAILED = 2, 3
CLOSE_SECONDS = 0.3

log = logging.getLogger("receiver")


def main() -> None:
    """Run the receiver. Exits with 2 and one sentence for a wrong setting or a taken port, with 3 without a ledger."""
    parser = argparse.ArgumentParser(prog="python -m receiver", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8600)
    arguments = parser.parse_args()
    for stop in (signal.SIGTERM, signal.SIGINT):  # uvicorn has its own handlers while it serves
        signal.signal(stop, lambda *_: sys.exit(0))
    _log_to_stderr()
    try:
        settings = load_settings()
    except ValueError as problem:
        _give_up(NOT_CONFIGURED, str(problem))
    if not settings.receiver_secrets:
        _give_up(NOT_CONFIGURED, "ESIGN_RECEIVER_SECRET is not set: take one from `openssl rand -hex 32`.")
    door = _listen(arguments.host, arguments.port)
    try:
        asyncio.run(_serve(settings, door))
    except LedgerError as problem:
        _give_up(OUTSIDE_FAILED, f"{problem} ESIGN_LEDGER_URL says where it is.")


async def _serve(settings: Settings, door: socket.socket) -> None:
    ledger = await Ledger.open(settings.ledger_url)
    gc.collect()
    gc.freeze()  # what was loaded stays; looking through it for garbage held up every delivery under way
    log.info("The receiver answers at %s, port %d.", *door.getsockname()[:2])
    try:
        server = make_server(create_app(settings, ledger, os.environ), trusted_proxies=settings.trusted_proxies)
        await server.serve(sockets=[door])
    finally:
        await _leave(ledger)


async def _leave(ledger: Ledger) -> None:
    """Close the ledger, but do not wait for what hangs: a write before a locked SQLite file holds its thread for half
    a minute. Nobody was told that it is stored, so nothing is lost by leaving."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    _, hanging = await asyncio.wait([asyncio.create_task(ledger.close()), *others], timeout=CLOSE_SECONDS)
    if hanging:
        logging.shutdown()
        os._exit(0)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except (OSError, OverflowError):
        _give_up(NOT_CONFIGURED, f"Port {port} of {host} cannot be used, or is taken: choose another with --port.")


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for chatty in ("httpx", "httpcore", "alembic"):  # addresses of blocks are nobody's business in a log
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _give_up(code: int, sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)  # noqa: T201 - a person reads it, not a log
    sys.exit(code)


if __name__ == "__main__":
    main()
