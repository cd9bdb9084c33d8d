"""The receiver as it really runs: a process of its own, on a port of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from connectors.signing.hooks import hook_url
from ledger.settings import read_settings
from tests.receiver.stage import free_port, until, variables

ROOT = Path(__file__).parents[2]


RECEIVER = (sys.executable, "-m", "receiver")


def command(port: int, program: Sequence[str] = RECEIVER) -> list[str]:
    return [*program, "--host", "127.0.0.1", "--port", str(port)]


def environment(home: Path, **more: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ESIGN_", "PREFECT_"))}
    return {**inherited, **variables(home), "PYTHONPATH": str(ROOT), **more}


@dataclass
class Running:
    process: subprocess.Popen[bytes]
    client: httpx.AsyncClient
    url: str
    log: Path


@asynccontextmanager
async def running(home: Path, program: Sequence[str] = RECEIVER, **more: str) -> AsyncIterator[Running]:
    port, log = free_port(), home / "receiver.log"
    address = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(port, program), env=environment(home, **more), cwd=home, stderr=output, stdout=output
        )
    async with httpx.AsyncClient(timeout=20, trust_env=False) as client:

        async def healthy() -> bool:
            assert process.poll() is None, log.read_text()
            try:
                return (await client.get(f"{address}/healthz")).status_code == 200
            except httpx.TransportError:
                return False

        try:
            await until(healthy, 100)
            secrets = read_settings(variables(home)).receiver_secrets
            yield Running(process, client, hook_url(address, secrets, "esignatures", "default"), log)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
