"""Starts stub and senders: real processes, forked from one that has imported everything once."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from tests.chaos import sending, stub
from tests.chaos.plan import TIMEOUT, Plan

_FROM = multiprocessing.get_context("forkserver")
# a sender alone would import for four seconds, and be killed in the midst of it
_FROM.set_forkserver_preload(["flows.send.job", "connectors.signing.esignatures", "aiohttp.web", "asyncpg"])


def start(target: Callable[..., None], *given: Any, **more: Any) -> ForkServerProcess:
    """A process that lives no longer than this one."""
    process = _FROM.Process(target=_not_alone, args=(target, *given), kwargs=more, daemon=True)
    process.start()
    return process


def pipe() -> tuple[Connection, Connection]:
    """Two ends: one to keep, one to hand to a process."""
    return _FROM.Pipe()


def _not_alone(target: Callable[..., None], *given: Any, **more: Any) -> None:
    """Run `target`; end at once when whoever started it is gone, however it went."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    target(*given, **more)


@contextlib.contextmanager
def playing(plan: Plan, record: Path) -> Iterator[str]:
    """The stub for a while; its address."""
    ours, theirs = pipe()
    manner = {"lag": plan.lag, "timeout": TIMEOUT, "pause": plan.pause, "blind": plan.blind}
    process = start(stub.serve, theirs, record, plan.faults, **manner)
    try:
        if not ours.poll(60):
            raise RuntimeError("The stub did not start.")
        yield ours.recv()
    finally:
        process.kill()
        process.join()


class Senders:
    """Keeps so many senders running: whoever has ended or was killed is started again."""

    def __init__(self, order: sending.Order) -> None:
        self._order = order
        self._living: list[ForkServerProcess] = []

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._living if process.pid is not None]

    def reap(self) -> list[ForkServerProcess]:
        """Those that have ended since the last time."""
        ended = [process for process in self._living if not process.is_alive()]
        self._living = [process for process in self._living if process not in ended]
        return ended

    def start(self) -> None:
        self._living.append(start(sending.run, self._order))

    def signal(self, which: int, number: int) -> int | None:
        """Send a signal to one of them; which process that was, if there is one."""
        if not self._living:
            return None
        pid = self._living[which % len(self._living)].pid
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        return pid

    def kill_all(self) -> None:
        for process in self._living:
            process.kill()
            process.join()

    @property
    def ends(self) -> list[dict[str, Any]]:
        """How those ended that were not killed."""
        log = self._order.folder / "senders.jsonl"
        return [json.loads(line) for line in log.read_bytes().splitlines()] if log.exists() else []
