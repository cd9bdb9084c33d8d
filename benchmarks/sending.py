"""How much the care of a sending costs: `run_batch` against a bare loop of the same calls, in one run, as a ratio.

    python -m benchmarks.sending [--rows 1000] [--milliseconds 50]

A provider on the loopback answers each call after so many milliseconds; it runs in a process of its own. Three ways to
send the same rows, with the same number in flight: bare (httpx and a semaphore, no record of anything), ours with the
ledger as it is, and ours with 5 ms added to every commit (a disk that takes its time). Printed are rows a second, the
ratio to the bare loop, commits a row, and the peak of memory in MiB.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy import Engine, event

from benchmarks.provider import serve
from connectors.signing.esignatures import ESignatures, ESignaturesSettings
from connectors.signing.model import Document, SignatureRequest, Signer
from flows.send.job import run_batch
from flows.send.prepare import fingerprint
from ledger import planning
from ledger.drafts import BatchDraft, RowDraft
from ledger.settings import read_settings
from ledger.store import Ledger

IN_FLIGHT = 20


def draft(rows: int) -> SignatureRequest:
    """What is sent for every row."""
    return SignatureRequest(
        title=f"Agreement {rows}",
        document=Document(markdown="# Agreement\n\n" + "A sentence of the agreement. " * 100),
        signers=(Signer(role="signer", name=f"Signer {rows}", email=f"person{rows}@example.com"),),
    )


async def bare(base_url: str, rows: int) -> None:
    """The least anybody would do."""
    limit = asyncio.Semaphore(IN_FLIGHT)
    async with httpx.AsyncClient(auth=("token", ""), timeout=30.0) as client:

        async def one(number: int) -> None:
            request = draft(number)
            body = {
                "title": request.title,
                "markdown": request.document.markdown,
                "signers": [{"name": signer.name, "email": signer.email} for signer in request.signers],
            }
            async with limit:
                (await client.post(f"{base_url}/contracts", json=body)).raise_for_status()

        await asyncio.gather(*(one(number) for number in range(rows)))


def ours(slow_disk: float) -> Callable[[str, int], Coroutine[Any, Any, int]]:
    """`run_batch` with a ledger of its own; answers the number of commits."""

    async def send(base_url: str, rows: int) -> int:
        account = ESignaturesSettings(
            base_url=base_url, api_token=SecretStr("token"), concurrency=IN_FLIGHT, rate=100_000, settle_seconds=0
        )
        commits = 0
        with tempfile.TemporaryDirectory() as folder:
            settings = read_settings({"ESIGN_HOME": folder})
            async with await Ledger.open(settings.ledger_url) as ledger:
                frozen = await planning.freeze(ledger, _batch(Path(folder), account, rows))

                def committed(_: object) -> None:
                    nonlocal commits
                    commits += 1
                    time.sleep(slow_disk)

                event.listen(Engine, "commit", committed)

                async def client(provider: str, name: str) -> ESignatures:
                    return ESignatures(account)

                outcome = await run_batch(ledger, frozen.batch_id, settings, open_account=client)
                assert outcome.sent == rows, outcome
        return commits

    return send


def _batch(folder: Path, account: ESignaturesSettings, rows: int) -> BatchDraft:
    sheet = folder / "people.csv"
    sheet.write_text("name\n")
    return BatchDraft(
        recipe="nda", campaign="benchmark", provider="esignatures", account="benchmark", mode="test",
        sheet=str(sheet), hash="0" * 64, base_url=account.base_url, fingerprint=fingerprint(account),
        rows=tuple(
            RowDraft(row=number + 2, key=str(number), request=draft(number), archive_name=str(number))
            for number in range(rows)
        ),
    )  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What the care of a sending costs.")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--milliseconds", type=float, default=50.0)
    given = parser.parse_args()
    address, peer = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=serve, args=(peer, given.milliseconds / 1000), daemon=True
    )
    server.start()
    base_url = address.recv()
    ways: dict[str, Callable[[str, int], Coroutine[Any, Any, int | None]]] = {
        "bare loop": bare,
        "ours": ours(0.0),
        "ours, slow disk": ours(0.005),
    }
    print(f"{given.rows} rows, {given.milliseconds:.0f} ms a call, {IN_FLIGHT} in flight")
    first = 0.0
    for name, way in ways.items():
        begun = time.perf_counter()
        commits = asyncio.run(way(base_url, given.rows))
        speed = given.rows / (time.perf_counter() - begun)
        first = first or speed
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        a_row = f"{commits / given.rows:.2f} commits a row" if commits else ""
        print(f"{name:>16}: {speed:6.0f} rows/s  {speed / first:4.2f} of the bare loop  {peak:4.0f} MiB  {a_row}")
    server.terminate()


if __name__ == "__main__":
    main()
