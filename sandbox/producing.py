"""What runs in the processes that make PDFs; it imports no more than they need, as starting one should be quick."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from pathlib import Path

from sandbox.document import render
from sandbox.paper import Paper
from sandbox.seal import Sealer

_sealer: Sealer | None = None


def begin(home: Path) -> None:
    """Prepares a process; one whose parent was killed would otherwise wait for work for ever."""
    global _sealer
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends in order
    _sealer = Sealer(home)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def ready() -> None:
    """Nothing to do but be there."""


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)


def produce(paper: Paper, upload: bytes) -> bytes:
    """The PDF of a paper, which may be an uploaded file; sealed when everybody has signed."""
    assert _sealer is not None
    pdf = render(paper, upload)
    return _sealer.seal(pdf, reason="All parties have signed") if paper.state == "signed" else pdf
