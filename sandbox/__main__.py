"""`python -m sandbox`: a provider and its signers on this machine, for trying out, rehearsing and testing."""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import socket
import sqlite3
import sys
import threading
from pathlib import Path
from typing import TextIO

from sandbox.app import Options, sandbox
from sandbox.dialects import DIALECTS
from sandbox.server import listen, server_for


def main(arguments: list[str] | None = None) -> int:
    """Runs until SIGTERM or Ctrl-C; returns the exit code."""
    given = _parser().parse_args(arguments)
    if given.clock_factor <= 0 or given.robot_delay < 0:
        return _sorry("--clock-factor must be greater than zero and --robot-delay not less than zero.")
    try:
        taken = listen(given.host, given.port)
    except (OSError, OverflowError) as problem:
        why = getattr(problem, "strerror", None) or problem
        return _sorry(f"Cannot listen on {given.host} port {given.port} ({why}): choose another --port.")
    with taken:
        try:
            asyncio.run(_serve(_options(given, taken.getsockname()[1]), taken))
        except KeyboardInterrupt:
            return 0
        except sqlite3.OperationalError:
            return _sorry(f"{given.home} cannot be used: end the other sandbox there, or choose another --home.")
        except OSError as problem:
            return _sorry(f"{given.home} cannot be used ({problem.strerror}): choose another --home.")
    return 0


async def _serve(options: Options, taken: socket.socket) -> None:
    def ready() -> None:
        _say(sys.stdout, f"The sandbox is ready at {options.base_url} (mailbox: {options.base_url}/mailbox).")

    async with sandbox(options) as app:
        await server_for(app, ready).serve(sockets=[taken])


def _options(given: argparse.Namespace, port: int) -> Options:
    home = given.home.expanduser().absolute()
    home.mkdir(parents=True, exist_ok=True)
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(given.host, given.host)  # noqa: S104 (compared, not bound)
    return Options(
        home=home,
        token=given.token or os.environ.get("SANDBOX_TOKEN") or _own_token(home / "token"),
        base_url=given.public_url or f"http://{f'[{host}]' if host.count(':') > 1 and host[0] != '[' else host}:{port}",
        clock_factor=given.clock_factor,
        robots=given.robots,
        robot_delay_seconds=given.robot_delay,
        webhook_url=given.webhook_url,
        # They hold a secret mark, which no command line should.
        webhook_urls={one.name: os.environ.get(f"SANDBOX_WEBHOOK_{one.name.upper()}", "") for one in DIALECTS},
    )


def _own_token(file: Path) -> str:
    """Without a given token the home keeps one, readable by its owner alone."""
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(secrets.token_urlsafe(24))
    return file.read_text().strip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on")
    add("--port", type=int, default=8765, help="port to listen on; 0 takes a free one")
    add("--home", type=Path, required=True, help="folder for everything the sandbox keeps")
    add("--token", default="", help="the account's secret token; better given as SANDBOX_TOKEN")
    add("--clock-factor", type=float, default=1.0, help="how many times faster the provider's hours pass")
    add("--robots", action=argparse.BooleanOptionalAction, default=False, help="let robots play the signers")
    add("--robot-delay", type=float, default=1.0, help="seconds a robot waits between two steps")
    add("--public-url", default="", help="how others reach this sandbox, if not by host and port")
    add("--webhook-url", default="", help="where events go that no other address is known for")
    return parser


def _sorry(sentence: str) -> int:
    _say(sys.stderr, sentence)
    return 2


def _say(stream: TextIO, sentence: str) -> None:
    stream.write(sentence + "\n")
    stream.flush()


if __name__ == "__main__":
    # Everything is closed when main returns. A normal exit then waits for the processes that make PDFs, of which one
    # may just be starting, so the wait is cut short: they end when they see that this one has. Python's own watcher
    # would warn of what it tidies up behind them.
    sys.warnoptions.append("ignore:resource_tracker:UserWarning")
    code = main()
    last_resort = threading.Timer(0.7, os._exit, (code,))
    last_resort.daemon = True
    last_resort.start()
    sys.exit(code)
