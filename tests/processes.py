"""Ends processes that a test has started, whether or not they listen."""

from __future__ import annotations

import contextlib
import subprocess

import psutil


def end(one: subprocess.Popen[bytes], patience: float = 20.0) -> None:
    """End a process within so many seconds, and whatever it has started and did not end itself.

    A worker of Prefect's takes anything between a second and half a minute to leave; how long is none of our concern.
    """
    children = psutil.Process(one.pid).children(recursive=True) if one.poll() is None else []
    one.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        one.wait(patience)
    for each in [*children, *([psutil.Process(one.pid)] if one.poll() is None else [])]:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
    one.wait(60)
