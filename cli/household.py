"""Child processes of one command: started together, watched, and stopped together with all they started themselves."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import httpx
import psutil

from cli.failures import OutsideFailed

RESTART_PAUSE = 1.0
"""Seconds between the death of a child and its return."""
GRACE = 3.0
"""Seconds a child has to end by itself before it is killed."""
OFFSPRING_GRACE = 10.0
"""Seconds a flow run has to record the calls it has under way."""


@dataclass
class Child:
    """One process: what runs, where its output goes, and the address that answers once it is ready."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    log: Path
    ready_url: str | None = None
    returns: bool = True
    process: asyncio.subprocess.Process | None = field(default=None, repr=False)
    output: IO[bytes] | None = field(default=None, repr=False)


class Household:
    """Starts children, brings back the ones that die, and leaves nobody behind when it is closed."""

    def __init__(self, home: Path) -> None:
        self._logs = home / "logs"
        self._register = home / "children.json"
        self._children: list[Child] = []
        self._watchers: list[asyncio.Task[None]] = []
        self._offspring: dict[int, psutil.Process] = {}

    async def __aenter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        await asyncio.to_thread(end_leftovers, self._register)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.shield(self.stop())

    async def start(
        self,
        name: str,
        *module_and_arguments: str,
        env: Mapping[str, str],
        ready_url: str | None = None,
    ) -> Child:
        """Start `python -m module arguments…`; its output goes to a log of its own. Returns at once."""
        child = Child(
            name,
            [sys.executable, "-m", *module_and_arguments],
            {**os.environ, **env},
            self._logs / f"{name}.log",
            ready_url,
        )
        self._children.append(child)
        await self._launch(child)
        self._watchers.append(asyncio.create_task(self._watch(child), name=f"watch {name}"))
        return child

    async def ready(self, child: Child, within: float = 180.0) -> None:
        """Wait until the child answers at its address. Raises `OutsideFailed` naming its log when it does not."""
        deadline = time.monotonic() + within
        async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
            while time.monotonic() < deadline:
                with contextlib.suppress(httpx.HTTPError):
                    if child.ready_url and (await client.get(child.ready_url)).is_success:
                        return
                if child.process is not None and child.process.returncode is not None:
                    break
                await asyncio.sleep(0.1)
        raise OutsideFailed(f"The {child.name} was not ready within {within:.0f} s; what it said is in {child.log}.")

    async def stop(self) -> None:
        """End every child and everything the children started; kill what does not end by itself."""
        for child in self._children:
            child.returns = False
        for watcher in self._watchers:
            watcher.cancel()
        # Flow runs first, while the server they report to is still there: one may have calls to record.
        await self._end_offspring(OFFSPRING_GRACE)
        for child in reversed(self._children):
            if child.process is not None and child.process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    child.process.terminate()
        # Children are waited for by the loop that started them; asking the system as well would rob it of their end.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await self._ended()
        await self._end_offspring(0)
        for process in self._own_processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        await self._ended()
        for child in self._children:
            if child.output is not None:
                child.output.close()
        self._register.unlink(missing_ok=True)

    async def _ended(self) -> None:
        await asyncio.gather(*(child.process.wait() for child in self._children if child.process is not None))

    async def _end_offspring(self, seconds: float) -> None:
        """Ask what our children started to end, and kill what has not within so many seconds.

        Flow runs live in sessions of their own and would outlive their worker, so they are noted while the tree stands.
        """
        for process in self._own_processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                self._offspring |= {one.pid: one for one in process.children(recursive=True)}
        runs = [one for one in self._offspring.values() if _in_own_session(one)]
        for process in runs:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
        await asyncio.to_thread(psutil.wait_procs, runs, timeout=seconds)
        for process in self._offspring.values() if seconds == 0 else runs:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    async def _launch(self, child: Child) -> None:
        if child.output is None:
            child.output = child.log.open("ab")
        child.process = await asyncio.create_subprocess_exec(
            *child.command,
            env=child.env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=child.output,
            stderr=asyncio.subprocess.STDOUT,
            # A group of their own: Ctrl-C reaches this command alone, which then ends them in order.
            start_new_session=True,
        )
        fresh = self._register.with_suffix(".new")
        fresh.write_text(json.dumps([(each.pid, each.create_time()) for each in self._own_processes()]))
        fresh.replace(self._register)

    async def _watch(self, child: Child) -> None:
        while True:
            assert child.process is not None
            await child.process.wait()
            if not child.returns:
                return
            await asyncio.sleep(RESTART_PAUSE)
            await self._launch(child)

    def _own_processes(self) -> list[psutil.Process]:
        found = []
        for child in self._children:
            if child.process is not None and child.process.returncode is None:
                with contextlib.suppress(psutil.NoSuchProcess):
                    found.append(psutil.Process(child.process.pid))
        return found


def _in_own_session(process: psutil.Process) -> bool:
    """Whether it leads a session: a flow run does, the helpers of a server do not and end with it."""
    with contextlib.suppress(ProcessLookupError):
        return os.getsid(process.pid) == process.pid
    return False


def end_leftovers(register: Path) -> None:
    """End what an earlier command had to leave behind because it was killed itself.

    `register` lists process numbers with their start times, so that a number taken over by a stranger is let alone.
    """
    if not register.exists():
        return
    left = []
    for pid, started in json.loads(register.read_text()):
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if abs(process.create_time() - started) < 1.0:
                left += [process, *process.children(recursive=True)]
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=GRACE)
    register.unlink(missing_ok=True)
