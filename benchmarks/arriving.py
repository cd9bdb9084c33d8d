"""How long it takes from a webhook to the signed document in the archive: in a burst, warm, and from an idle system.

    python -m benchmarks.arriving [--number 1000] [--each 10] [--out FILE]

Everything is as `esign up` runs it: receiver, Prefect server, worker and one drain. The documents lie ready at a stub.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import hmac
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import SecretStr

from benchmarks.ours import freeze
from benchmarks.stage import PROJECT, clean, stub
from connectors.signing.hooks import hook_url
from connectors.signing.model import Snapshot, Status
from ledger import leases, sending
from ledger.sending import Sent, Wish
from ledger.settings import read_settings
from ledger.store import Ledger

TOKEN, SECRET = "made-up-token", "made-up-receiver-secret"
AT_ONCE = 50
LINGER_SECONDS = 3.0
"""How long the drain lingers in the idle measurement, which has to wait each of them out; 60 s otherwise."""
PATIENCE = 120.0


@dataclass(frozen=True)
class Scene:
    """What runs: where webhooks go, where documents lie ready, where they have to arrive, and Prefect's API."""

    hook: str
    documents: str
    home: Path
    prefect: str
    client: aiohttp.ClientSession

    def archived(self) -> set[str]:
        """Names of the documents that have arrived."""
        return {path.name for path in (self.home / "archive").rglob("*.pdf")}

    async def complete(self, number: int) -> None:
        """Everybody has signed this one: the provider says so."""
        told = {"id": f"con-{number}", "contract_pdf_url": f"{self.documents}/files/con-{number}"}
        body = json.dumps({"status": "contract-signed", "data": {"contract": told}}).encode()
        headers = {
            "x-signature-sha256": hmac.new(TOKEN.encode(), body, hashlib.sha256).hexdigest(),
            "content-type": "application/json",
        }
        async with self.client.post(self.hook, data=body, headers=headers) as answer:
            assert answer.status == 200, answer.status

    async def linger(self, seconds: float) -> None:
        """Let drains from now on linger so long."""
        deployment = f"{self.prefect}/deployments/name/process-events/process-events"
        async with self.client.get(deployment) as answer:
            found = (await answer.json())["id"]
        change = {"parameters": {"linger_seconds": seconds}}
        for _ in range(10):  # right after the burst, Prefect's own database may be busy
            async with self.client.patch(f"{self.prefect}/deployments/{found}", json=change) as answer:
                if answer.status == 204:
                    return
            await asyncio.sleep(1.0)
        raise RuntimeError("Prefect does not take the change.")


async def burst(scene: Scene, numbers: range) -> float:
    """Seconds from the first webhook until the last document is in the archive, from an idle system."""
    waiting = iter(numbers)

    async def some() -> None:
        for number in waiting:
            await scene.complete(number)

    begun = time.perf_counter()
    await asyncio.gather(*(some() for _ in range(AT_ONCE)))
    print(f"{len(numbers)} webhooks taken after {time.perf_counter() - begun:.1f} s", flush=True)
    while len(scene.archived()) < len(numbers):
        assert time.perf_counter() - begun < PATIENCE, f"only {len(scene.archived())} are archived"
        await asyncio.sleep(0.05)
    return time.perf_counter() - begun


async def one(scene: Scene, number: int) -> float:
    """Seconds from a webhook until its document is in the archive."""
    begun = time.perf_counter()
    await scene.complete(number)
    while not any((scene.home / "archive").rglob(f"{number} *.pdf")):
        assert time.perf_counter() - begun < PATIENCE, "it did not arrive"
        await asyncio.sleep(0.005)
    return time.perf_counter() - begun


async def until_idle(ledger: Ledger) -> None:
    """Until nobody drains."""
    alive = True
    while alive:
        await asyncio.sleep(0.5)
        alive = await leases.alive(ledger, "drain")
    await asyncio.sleep(1.0)


async def prepared(home: Path, documents: str, rows: int) -> None:
    """A batch that has been sent: its requests are known at the provider as con-0, con-1, …"""
    batch = await freeze(rows, account="sandbox")
    async with await Ledger.open(read_settings({"ESIGN_HOME": str(home)}).ledger_url) as ledger:
        while claimed := (await sending.turn_over(ledger, (), Wish(batch, "benchmark", 500, 60))).rows:
            await sending.record(ledger, [_accepted(row) for row in claimed])


def _accepted(row: sending.Claimed) -> Sent:
    snapshot = Snapshot(id=f"con-{row.row - 2}", status=Status.SENT, ref=row.ref)
    return Sent(request_id=row.request_id, attempt=row.attempt, snapshot=snapshot)


@contextlib.contextmanager
def up(env: dict[str, str], prefect: int, receiver: int) -> Iterator[None]:
    """`esign up`, until the block ends."""
    command = [str(Path(sys.executable).with_name("esign")), "up", "--no-sandbox"]
    command += ["--prefect-port", str(prefect), "--receiver-port", str(receiver)]
    with subprocess.Popen(command, cwd=PROJECT, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            if not any(line.startswith("Up.") for line in process.stdout):
                raise RuntimeError("`esign up` did not come up.")
            yield
        finally:
            process.terminate()
            process.wait(60)


@contextlib.asynccontextmanager
async def staged(rows: int) -> AsyncIterator[tuple[Scene, Ledger]]:
    """Everything up, with so many requests out and nothing reported yet."""
    prefect, receiver = _free_ports(2)
    with tempfile.TemporaryDirectory(prefix="esign-bench-") as folder, stub(0.0) as documents:
        home = Path(folder) / "home"
        env = clean() | {
            "ESIGN_HOME": str(home), "ESIGN_ENV_FILE": "", "ESIGN_SANDBOX_URL": documents, "ESIGN_SANDBOX_TOKEN": TOKEN,
            "ESIGN_RECEIVER_SECRET": SECRET, "PREFECT_HOME": f"{folder}/prefect", "PREFECT_LOGGING_LEVEL": "INFO",
        }  # fmt: skip
        words = ("-m", "benchmarks.arriving", "prepare", documents, str(rows))
        preparing = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=PROJECT, env=env)
        assert await preparing.wait() == 0
        with up(env, prefect, receiver):
            hook = hook_url(f"http://127.0.0.1:{receiver}", [SecretStr(SECRET)], "esignatures", "sandbox")
            async with (
                aiohttp.ClientSession() as client,
                await Ledger.open(read_settings({"ESIGN_HOME": str(home)}).ledger_url) as ledger,
            ):
                yield Scene(hook, documents, home, f"http://127.0.0.1:{prefect}/api", client), ledger


async def measure(number: int, each: int) -> dict[str, Any]:
    """All three."""
    async with staged(number + 2 * each) as (scene, ledger):
        seconds = await burst(scene, range(number))
        print(f"{number} completions in one burst: all archived after {seconds:.1f} s", flush=True)
        warm = []
        for which in range(number, number + each):
            await asyncio.sleep(1.0)
            warm.append(await one(scene, which))
        print(f"warm: median {statistics.median(warm):.2f} s, longest {max(warm):.2f} s", flush=True)
        await scene.linger(LINGER_SECONDS)
        cold = []
        for which in range(number + each, number + 2 * each):
            await until_idle(ledger)
            cold.append(await one(scene, which))
            print(f"from an idle system: {cold[-1]:.1f} s", flush=True)
        print(f"from an idle system: median {statistics.median(cold):.1f} s, longest {max(cold):.1f} s", flush=True)
        return {"number": number, "burst_seconds": seconds, "warm_seconds": warm, "cold_seconds": cold}


def _free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [one.getsockname()[1] for one in sockets]


def main() -> None:
    """Measure, print, write down."""
    if sys.argv[1:2] == ["prepare"]:
        asyncio.run(prepared(Path(os.environ["ESIGN_HOME"]), sys.argv[2], int(sys.argv[3])))
        return
    parser = argparse.ArgumentParser(description="From the webhook to the document in the archive.")
    parser.add_argument("--number", type=int, default=1_000, help="completions in the burst")
    parser.add_argument("--each", type=int, default=10, help="single ones, warm and from an idle system")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    figures = asyncio.run(measure(given.number, given.each))
    if given.out:
        given.out.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
