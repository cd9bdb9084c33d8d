"""Processes that are killed, and processes that work side by side: real ones, ended with SIGKILL."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys

from connectors.signing.model import Lookup
from ledger import batches, sending, settling
from ledger.schema import attempts, requests
from ledger.store import Ledger
from tests.ledger.making import lines, planned, sent, snapshot

CLAIM_AND_HANG = """
import asyncio, sys
from ledger import sending
from ledger.store import Ledger

async def main(url, batch_id):
    ledger = await Ledger.open(url)
    for claimed in await sending.claim(ledger, batch_id, "the killed one", 3, 0.6):
        print(claimed.request_id, claimed.attempt, flush=True)
    print("claimed", flush=True)
    await asyncio.sleep(600)

asyncio.run(main(*sys.argv[1:]))
"""

SEND_ALL = """
import asyncio, sys
from connectors.signing.model import Snapshot, Status
from ledger import sending
from ledger.outcomes import Sent
from ledger.store import Ledger

async def main(url, batch_id, name):
    async with await Ledger.open(url) as ledger:
        print("ready", flush=True)
        sys.stdin.readline()
        while rows := await sending.claim(ledger, batch_id, name, 5, 60.0):
            for row in rows:
                assert await sending.may_call(ledger, row.request_id, row.attempt, 60.0)
                print(row.request_id, flush=True)
            answers = [Snapshot(id=f"{name} {row.request_id}", status=Status.SENT) for row in rows]
            await sending.record(ledger, [
                Sent(request_id=row.request_id, attempt=row.attempt, snapshot=answer)
                for row, answer in zip(rows, answers)
            ])

asyncio.run(main(*sys.argv[1:]))
"""


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


async def test_a_process_killed_between_claim_and_answer_leaves_exactly_its_rows_in_doubt(
    ledger: Ledger, url: str
) -> None:
    await sent(ledger, "anchor")
    batch_id = await planned(ledger, 5)
    with start(CLAIM_AND_HANG, url, batch_id) as process:
        assert process.stdout is not None
        said = [line.strip() for line in iter(process.stdout.readline, "claimed\n")]
        process.send_signal(signal.SIGKILL)
    assert len(said) == 3
    assert await settling.expire_claims(ledger) == 0  # it might still be calling, for all we know
    assert len(await sending.claim(ledger, batch_id, "the next one", 9, 60.0)) == 2
    await asyncio.sleep(0.7)
    assert await settling.expire_claims(ledger) == 3
    assert (await batches.counts(ledger, batch_id))["uncertain"] == 3
    assert await sending.claim(ledger, batch_id, "the next one", 9, 60.0) == []

    asked = await settling.unclear(ledger, "esignatures", "sandbox", "test")
    assert {one.request_id for one in asked} == {line.split()[0] for line in said}
    one_got_through = Lookup(found={asked[0].ref: snapshot("P1")}, ids=frozenset({"anchor", "P1"}))
    settled = await settling.settle(ledger, asked, one_got_through, 0.0)
    assert (settled.found, settled.absent, settled.left) == (1, 2, 0)
    again = await sending.claim(ledger, batch_id, "the next one", 9, 60.0)
    assert {one.attempt for one in again} == {2}


async def test_two_processes_send_a_batch_together_and_no_row_twice(ledger: Ledger, url: str) -> None:
    batch_id = await planned(ledger, 120)
    processes = [start(SEND_ALL, url, batch_id, name) for name in ("one", "two")]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    called = [process.communicate(timeout=100)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert len(called[0]) + len(called[1]) == len({*called[0], *called[1]}) == 120
    assert (await batches.counts(ledger, batch_id))["sent"] == 120
    assert len(await lines(ledger, attempts, number=1)) == 120
    assert len({line["provider_id"] for line in await lines(ledger, requests)}) == 120
