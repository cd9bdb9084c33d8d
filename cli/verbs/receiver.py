"""`esign receiver`: the door for webhooks alone, where `esign up` does not run: in a container, or several of them."""

from __future__ import annotations

import os
import sys


def receiver(*, host: str = "127.0.0.1", port: int = 8600) -> None:
    """Take webhooks until Ctrl-C: verify, store, answer. Needs ESIGN_RECEIVER_SECRET and the ledger, not Prefect.

    Parameters
    ----------
    host
        Address to listen on; 0.0.0.0 for all of this machine, behind a proxy that speaks HTTPS.
    port
        Port to listen on.
    """
    arguments = [sys.executable, "-m", "receiver", "--host", host, "--port", str(port)]
    sys.stdout.flush()
    os.execv(sys.executable, arguments)  # noqa: S606 (no shell wanted)
