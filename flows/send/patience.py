"""Holds a signal back until what it would tear apart has ended in good order."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Let SIGTERM cancel the block as a whole, and reach whoever listened before once the block has ended.

    Prefect's own handler raises out of the running loop, which cancels every task at once: the calls under way
    would end without anybody hearing how. Outside the main thread no signal arrives, so nothing is to be held back.
    """
    task = asyncio.current_task()
    if task is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    told = False

    def end() -> None:
        nonlocal told
        if not told:
            told = task.cancel()

    loop, before = asyncio.get_running_loop(), signal.getsignal(signal.SIGTERM)
    loop.add_signal_handler(signal.SIGTERM, end)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)
        if told:
            task.uncancel()
            signal.raise_signal(signal.SIGTERM)
