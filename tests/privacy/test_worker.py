"""The same when Prefect runs a deployment on a worker, whose process and log are not ours to choose."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.flows.prefect_api import prefect_api
from tests.privacy.canaries import STEM, Person
from tests.privacy.conftest import everything, wait_for_the_last_word
from tests.privacy.provider import Gossip, echoes
from tests.privacy.room import Room, environment
from tests.privacy.search import finds
from tests.privacy.stage import PROJECT, raised, start
from tests.processes import end

pytestmark = [pytest.mark.prefect, pytest.mark.slow, pytest.mark.timeout(500)]

DEPLOYED = "send-batch/send-batch"


async def test_a_worker_and_its_log_hear_nothing_of_anybody(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    with raised(tmp_path) as stage:
        async with Gossip(1) as provider:
            room = Room(Person(1), own, own / "home", provider, stage.receiver)
            provider.faults = [echoes(400), echoes(500)]
            with environment(room.environment()):
                batch = await room.frozen(room.sheet(*room.others(2), name=f"{room.person.sheet}.csv"))
            env = {**stage.env, **room.environment()}
            await _prefect(env, "work-pool", "create", "esign", "--type", "process")
            await _prefect(env, "--no-prompt", "deploy", "--all")
            worker = start(stage, "worker", "prefect", "worker", "start", "--pool", "esign", **env)
            try:
                for parameter in (f"batch={batch}", "batch=bat_nobody"):
                    await _prefect(env, "deployment", "run", DEPLOYED, "-p", parameter)
                states = await _ended(stage.api, 2)
            finally:
                await asyncio.to_thread(end, worker)
        assert sorted(states) == ["COMPLETED", "FAILED"]
        assert [outcome for (outcome,) in room.sql("SELECT outcome FROM attempts ORDER BY number LIMIT 1")] == [
            "refused"
        ]
        wait_for_the_last_word(stage.prefect_home / "prefect.db")
        found = finds(everything(stage), STEM)
    assert not found, "\n".join(map(str, found))


async def _prefect(env: Mapping[str, str], *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "prefect", *arguments, env=env, cwd=PROJECT, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


async def _ended(api: str, count: int) -> list[str]:
    """The states in which so many runs of the deployment have ended."""
    asked = {"deployments": {"name": {"any_": [DEPLOYED.partition("/")[2]]}}}
    async with prefect_api(api) as client:
        for _ in range(600):
            states = [run["state_type"] for run in (await client.post("/flow_runs/filter", json=asked)).json()]
            if sum(state in ("COMPLETED", "FAILED", "CRASHED") for state in states) == count:
                return states
            await asyncio.sleep(0.2)
    raise AssertionError(f"The runs did not end: {states}.")
