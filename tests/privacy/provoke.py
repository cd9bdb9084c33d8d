"""`python -m tests.privacy.provoke FOLDER PART PARTS RECEIVER`: provokes failures one by one, as a worker would.

It is a process of its own, so that what it prints is a log to be searched, and so that Prefect keeps everything that
any library logs. Each failure has a provider, a folder and a person of its own; results go to `FOLDER/PART.json`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import traceback
from pathlib import Path

from tests.privacy.canaries import Person
from tests.privacy.failures import FAILURES, Failure
from tests.privacy.provider import Gossip
from tests.privacy.room import Room, environment
from tests.privacy.stage import EVERY_LOGGER


async def provoke(failure: Failure, folder: Path, receiver: str) -> str | None:
    """Nothing, or the traceback that says why it did not happen as it should."""
    for name in EVERY_LOGGER.split(","):
        logging.getLogger(name).setLevel(logging.DEBUG)
    own = folder / f"{failure.number:02}"
    own.mkdir()
    home = folder / "receiver" if failure.at_the_receiver else own / "home"
    async with Gossip(failure.number) as provider:
        room = Room(Person(failure.number), own, home, provider, receiver)
        with environment(room.environment()):
            try:
                await failure.provoke(room)
            except Exception:
                return traceback.format_exc()
    return None


async def main(folder: Path, part: int, parts: int, receiver: str) -> None:
    for name in ("aiohttp.access", "aiohttp.server", "aiohttp.web"):
        logging.getLogger(name).disabled = True  # the provider is not ours
    results = {}
    for failure in FAILURES:
        if _part(failure, parts) == part:
            results[failure.sentence] = await provoke(failure, folder, receiver)
    (folder / f"{part}.json").write_text(json.dumps(results, indent=1))


def _part(failure: Failure, parts: int) -> int:
    """The receiver's ledger belongs to one part alone: two drains at once would do each other's work."""
    return 0 if failure.at_the_receiver or parts == 1 else 1 + failure.number % (parts - 1)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
