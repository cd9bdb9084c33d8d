"""Stays until somebody ends it on purpose: with Ctrl-C, by closing the terminal, or as a service manager does."""

from __future__ import annotations

import asyncio
import signal


async def until_ended() -> None:
    """Return at Ctrl-C, SIGTERM or SIGHUP. A second one, while everything is being taken down, changes nothing."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ended.set)
    await ended.wait()
