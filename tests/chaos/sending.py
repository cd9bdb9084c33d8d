"""A sender: a process that opens the ledger, sends the batch once, and writes down how it ended."""

from __future__ import annotations

import asyncio
import json
import os
import traceback
from pathlib import Path
from typing import NamedTuple

from connectors.signing.esignatures import ESignatures, ESignaturesSettings
from connectors.signing.provider import Provider
from flows.send.job import run_batch
from ledger.errors import LedgerError
from ledger.settings import read_settings
from ledger.store import Ledger

FINE = "fine"
LEDGER = "ledger"
"""The sender could not reach or write the ledger; its calls under way may be in doubt, as after a kill."""


class Order(NamedTuple):
    """What a sender is told."""

    ledger_url: str
    batch_id: str
    account: ESignaturesSettings
    margin: float
    folder: Path
    client: type[ESignatures] = ESignatures


async def send(order: Order) -> None:
    """Send the batch as `esign send` does, at the stub's account."""

    async def open_account(provider: str, account: str) -> Provider:
        return order.client(order.account)

    settings = read_settings({"ESIGN_HOME": str(order.folder), "ESIGN_LEDGER_URL": order.ledger_url})
    async with await Ledger.open(order.ledger_url) as ledger:
        await run_batch(ledger, order.batch_id, settings, open_account=open_account, margin=order.margin)


def run(order: Order) -> None:
    """The process's whole life; unless killed, it leaves a line in `senders.jsonl`."""
    try:
        asyncio.run(send(order))
        how, trace = FINE, None
    except LedgerError as problem:
        how, trace = LEDGER, f"{type(problem).__name__}: {problem}"
    except BaseException as problem:
        how, trace = type(problem).__name__, traceback.format_exc()
    line = json.dumps({"pid": os.getpid(), "how": how, "trace": trace}).encode() + b"\n"
    log = os.open(order.folder / "senders.jsonl", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.write(log, line)
