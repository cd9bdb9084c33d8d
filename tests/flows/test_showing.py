"""The bar on Prefect's page holds nobody up, least of all somebody who interrupts a sending."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

from flows.send import artifact
from flows.send.progress import Progress, silent


@pytest.fixture
async def silent_server(tmp_path: Path) -> AsyncIterator[None]:
    """Prefect's server has this address, takes every connection and says nothing."""

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api"
    with temporary_settings({PREFECT_API_URL: address, PREFECT_HOME: tmp_path}):
        yield
    server.close()


@pytest.mark.usefixtures("silent_server")
async def test_who_interrupts_a_sending_does_not_wait_for_the_bar() -> None:
    clock = asyncio.get_running_loop().time
    interrupted = 0.0

    async def send() -> None:
        nonlocal interrupted
        async with artifact.showing_progress("bat_1", silent) as tell:
            tell(Progress(10, sent=3))
            try:
                await asyncio.sleep(60)
            finally:
                interrupted = clock()

    sending = asyncio.create_task(send())
    await asyncio.sleep(0.1)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert clock() - interrupted < artifact.EVERY_SECONDS - 1
