"""What the tests of flows share: a ledger, a provider on the loopback, and one real Prefect server a session."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from ledger.settings import Settings, read_settings
from ledger.store import Ledger
from tests.flows.fake_provider import FakeProvider
from tests.processes import end

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings(
        {
            "ESIGN_HOME": str(tmp_path / "home"),
            "ESIGN_PUBLIC_URL": "https://hooks.example.com",
            "ESIGN_RECEIVER_SECRET": "made-up-receiver-secret",
        }
    )


@pytest.fixture
async def ledger(settings: Settings, sqlite_template: Path) -> AsyncIterator[Ledger]:
    settings.home.mkdir(mode=0o700)
    shutil.copyfile(sqlite_template, settings.home / "ledger.db")
    async with await Ledger.open(settings.ledger_url) as opened:
        yield opened


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    async with FakeProvider() as fake:
        yield fake


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a Prefect server of our own, started for this session alone."""
    home = tmp_path_factory.mktemp("prefect")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "ESIGN_"))},
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": str(PROJECT),
        "ESIGN_HOME": str(home / "esign"),
        "ESIGN_ENV_FILE": "",
    }
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
            env=env,
            cwd=home,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_healthy(env["PREFECT_API_URL"], server)
            yield env
        finally:
            end(server, 15)


def wait_until_healthy(api: str, server: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + 180  # a busy machine takes a minute
    while time.monotonic() < give_up and server.poll() is None:
        try:
            if httpx.get(f"{api}/health", timeout=2).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise RuntimeError("The Prefect server did not start.")


@pytest.fixture
def on_prefect(prefect_server: dict[str, str]) -> Iterator[dict[str, str]]:
    """This process talks to the session's Prefect server."""
    from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

    api, home = prefect_server["PREFECT_API_URL"], prefect_server["PREFECT_HOME"]
    with temporary_settings({PREFECT_API_URL: api, PREFECT_HOME: Path(home)}):
        yield prefect_server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses the server is marked so."""
    for item in items:
        if "prefect_server" in getattr(item, "fixturenames", ()):
            item.add_marker("prefect")
