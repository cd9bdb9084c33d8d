"""What a measurement needs, each in a process of its own: the stub, a Prefect server, and the one that is measured."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parent.parent
Figures = dict[str, Any]


@contextlib.contextmanager
def stub(seconds: float) -> Iterator[str]:
    """The address of a provider that answers after so many seconds."""
    command = [sys.executable, "-m", "benchmarks.stub", "--seconds", str(seconds)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@contextlib.contextmanager
def prefect_server() -> Iterator[str]:
    """The API address of a Prefect server that knows nothing yet, and is gone afterwards."""
    home = tempfile.mkdtemp(prefix="esign-bench-prefect-")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = clean() | {"PREFECT_HOME": home}
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            api = f"http://127.0.0.1:{port}/api"
            _wait_for(f"{api}/health")
            yield api
        finally:
            process.terminate()
            process.wait(30)
            shutil.rmtree(home, ignore_errors=True)


def run(module: str, *words: object, **env: str) -> Figures:
    """What a measured process said of itself."""
    said = _said(module, *words, **env)
    return json.loads(said.splitlines()[-1])


def frozen(url: str, rows: int, home: str, *, in_flight: int, rate: float = 1_000_000) -> tuple[str, dict[str, str]]:
    """A batch frozen in a process of its own: its id, and the environment it is to be sent in."""
    env = {
        "ESIGN_HOME": home,
        "ESIGN_ENV_FILE": "",
        "ESIGN_ESIGNATURES_API_TOKEN": "made-up-token",
        "ESIGN_ESIGNATURES_BASE_URL": url,
        "ESIGN_ESIGNATURES_CONCURRENCY": str(in_flight),
        "ESIGN_ESIGNATURES_RATE": str(rate),
        "ESIGN_ESIGNATURES_SETTLE_SECONDS": "0",
    }
    return _said("benchmarks.ours", "freeze", rows, **env).strip(), env


def ask(url: str, body: Figures | None = None) -> Figures:
    """Talk to the stub."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=10) as answer:  # noqa: S310 - our own stub
        return json.loads(answer.read())


def clean() -> dict[str, str]:
    """This environment without anybody's accounts and servers, and with Prefect's own lines left out."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ESIGN_", "PREFECT_"))}
    return kept | {"PREFECT_LOGGING_LEVEL": "CRITICAL", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}


def _said(module: str, *words: object, **env: str) -> str:
    command = [sys.executable, "-m", module, *map(str, words)]
    done = subprocess.run(command, cwd=PROJECT, env=clean() | env, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def _wait_for(url: str) -> None:
    for _ in range(240):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310 - our own stub
            return
        time.sleep(0.5)
    raise TimeoutError(f"{url} does not answer.")
