"""What has to run for the failures to be real: a Prefect server and a receiver, each a process with a log."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.privacy.canaries import API_TOKEN, RECEIVER_SECRET
from tests.processes import end

PROJECT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
EVERY_LOGGER = "aiosqlite,alembic,blocks,connectors,flows,httpx,ledger,recipes,sqlalchemy"
"""What Prefect is told to keep the logs of: an operator may do so, and set them to the last detail as well."""


@dataclass(frozen=True)
class Stage:
    """Where everything is. `folder` holds one folder a failure, `logs` what each process printed."""

    folder: Path
    prefect_home: Path
    logs: Path
    api: str
    receiver: str
    env: Mapping[str, str]


@contextmanager
def raised(folder: Path) -> Iterator[Stage]:
    """Server and receiver, until the block ends."""
    prefect_home, logs = folder / "prefect", folder / "logs"
    logs.mkdir(parents=True)
    prefect_port, receiver_port = _free_port(), _free_port()
    api, receiver = f"http://{HOST}:{prefect_port}/api", f"http://{HOST}:{receiver_port}"
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "ESIGN_"))},
        "PREFECT_HOME": str(prefect_home),
        "PREFECT_API_URL": api,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "0.5",
        "PREFECT_LOGGING_TO_API_BATCH_INTERVAL": "0.5",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "PREFECT_LOGGING_LEVEL": "DEBUG",
        "PREFECT_LOGGING_EXTRA_LOGGERS": EVERY_LOGGER,
        # Several processes at once; with few connections Prefect's server stands still for a minute now and then.
        "PREFECT_SERVER_DATABASE_SQLALCHEMY_POOL_SIZE": "50",
        "PREFECT_CLIENT_MAX_RETRIES": "20",  # and where the machine is busy, it says 503 for a while
        "NO_PROXY": HOST,
        "PYTHONPATH": str(PROJECT),
    }
    stage = Stage(folder, prefect_home, logs, api, receiver, env)
    server = ("prefect", "server", "start", "--host", HOST, "--port", str(prefect_port))
    door = ("receiver", "--host", HOST, "--port", str(receiver_port))
    with (
        running(stage, "server", *server, ready=f"{api}/health"),
        running(stage, "receiver", *door, ready=f"{receiver}/healthz", **_receiver(stage)),
    ):
        yield stage


@contextmanager
def running(stage: Stage, name: str, *module: str, ready: str, **more: str) -> Iterator[None]:
    """A process that runs until the block ends, ready when its address answers."""
    process = start(stage, name, *module, **more)
    try:
        _wait(ready, process)
        yield
    finally:
        end(process, 15)


def start(stage: Stage, name: str, *module: str, **more: str) -> subprocess.Popen[bytes]:
    """`python -m module…`; what it prints goes to its log."""
    with (stage.logs / f"{name}.log").open("ab") as log:
        command = [sys.executable, "-m", *module]
        env = {**stage.env, **more}
        return subprocess.Popen(command, env=env, cwd=stage.folder, stdout=log, stderr=subprocess.STDOUT)


def _receiver(stage: Stage) -> dict[str, str]:
    return {
        "ESIGN_ENV_FILE": "",
        "ESIGN_HOME": str(stage.folder / "receiver"),
        "ESIGN_RECEIVER_SECRET": RECEIVER_SECRET,
        "ESIGN_SANDBOX_URL": f"http://{HOST}:9",
        "ESIGN_SANDBOX_TOKEN": API_TOKEN,
        "ESIGN_ESIGNATURES_API_TOKEN": API_TOKEN,
    }


def _wait(ready: str, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + 180  # a busy machine takes a minute
    while time.monotonic() < give_up and process.poll() is None:
        try:
            if httpx.get(ready, timeout=2, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise RuntimeError(f"Nothing answers at {ready}.")


def _free_port() -> int:
    with closing(socket.create_server((HOST, 0))) as listener:
        return int(listener.getsockname()[1])
