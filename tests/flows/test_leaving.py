"""Whoever interrupts a sending waits for our part of it, and hardly for Prefect's."""

from __future__ import annotations

import asyncio

import pytest

from flows.send.leaving import PATIENCE_SECONDS, leaving_in_time, our_part


async def test_an_interrupted_run_is_left_once_our_part_has_ended_in_order() -> None:
    recorded: list[str] = []

    async def run() -> None:
        try:
            with our_part():
                try:
                    await asyncio.sleep(60)
                finally:
                    await asyncio.sleep(PATIENCE_SECONDS + 0.5)  # calls under way
                    recorded.append("their outcomes")
        finally:
            await asyncio.sleep(60)  # as Prefect, whose server does not answer

    sending = asyncio.create_task(leaving_in_time(run()))
    await asyncio.sleep(0.05)
    sending.cancel()
    async with asyncio.timeout(20):
        with pytest.raises(asyncio.CancelledError):
            await sending
    assert recorded == ["their outcomes"]


async def test_a_run_that_fails_while_it_is_interrupted_still_counts_as_interrupted() -> None:
    async def run() -> None:
        try:
            with our_part():
                await asyncio.sleep(60)
        finally:
            raise ConnectionError("as Prefect's client, when it gives up")

    sending = asyncio.create_task(leaving_in_time(run()))
    await asyncio.sleep(0.05)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


async def test_without_an_interruption_the_answer_is_the_runs() -> None:
    async def run() -> int:
        with our_part():
            return 3

    assert await leaving_in_time(run()) == 3
