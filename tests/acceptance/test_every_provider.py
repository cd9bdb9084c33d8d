"""The same story and the same commands at every provider the sandbox plays."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from connectors.signing.provider import Capability
from connectors.signing.registry import PROVIDERS
from tests.acceptance.house import end_all, environment, read_sheet, run

TOKEN = "token-of-example-company-01"
others = [pytest.param(name, marks=pytest.mark.providers) for name in PROVIDERS if name != "esignatures"]


@pytest.mark.prefect
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", others)
def test_the_demo_tells_the_same_story(tmp_path: Path, name: str) -> None:
    provider = PROVIDERS[name]
    home = tmp_path / ".esign" / "demo"
    try:
        told = run("demo", "--provider", name, env=environment(tmp_path), cwd=tmp_path, within=280)
    finally:
        for each in (home, tmp_path):
            end_all(each)
    assert told.returncode == 0, told.stdout + told.stderr
    people = Counter(person["esign status"] for person in read_sheet(home / "people.csv"))
    assert (people["completed"], people["refused"]) == (9, 2)
    documents = list((home / "archive").glob("*.pdf"))
    evidence = [json.loads(file.read_bytes()) for file in (home / "archive").glob("*.evidence.json")]
    assert len(evidence) == 9
    if Capability.DOWNLOAD in provider.capabilities:
        assert len(documents) == 9
    else:
        assert documents == []
        assert f"{provider.title} hands out no PDF" in told.stdout
        assert {one["document"] for one in evidence} == {None}
    asked = re.search(r"status queries +(\d+)", told.stdout)
    assert asked is not None
    with closing(sqlite3.connect(home / "ledger.db")) as ledger:
        (delivered,) = ledger.execute("SELECT count(*) FROM inbox").fetchone()
    assert int(asked[1]) <= (0 if Capability.SIGNED_WEBHOOKS in provider.capabilities else delivered)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a sandbox in a process of its own."""
    home = tmp_path_factory.mktemp("sandbox")
    command = [sys.executable, "-m", "sandbox", "--home", str(home), "--port", "0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**environment(home), "SANDBOX_TOKEN": TOKEN}
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    yield line.split("ready at ", 1)[1].split()[0]
    process.send_signal(signal.SIGTERM)
    process.wait(60)


def account_of(home: Path, sandbox: str, token: str = TOKEN) -> dict[str, str]:
    return environment(home, ESIGN_SANDBOX_URL=sandbox, ESIGN_SANDBOX_TOKEN=token)


@pytest.mark.parametrize("name", ["esignatures", *others])
def test_an_account_is_checked_and_told_where_its_webhooks_go(tmp_path: Path, sandbox: str, name: str) -> None:
    reached = {"ESIGN_PUBLIC_URL": "http://127.0.0.1:9", "ESIGN_RECEIVER_SECRET": "a-receiver-secret-for-tests"}
    good = run("providers", "check", f"{name}/sandbox", env={**account_of(tmp_path, sandbox), **reached})
    assert good.returncode == 0, good.stderr
    assert "the credentials work" in good.stdout
    assert (f"/hooks/{name}/sandbox/" in good.stdout) == (PROVIDERS[name].webhook_setup is not None)
    assert "Last genuine webhook: none yet." in good.stdout
    wrong = run("providers", "check", f"{name}/sandbox", env=account_of(tmp_path, sandbox, "another-token"))
    assert wrong.returncode == 1
    assert wrong.stderr.count("\n") == 1
    assert "another-token" not in wrong.stderr


def test_providers_are_listed_with_what_they_can_do(tmp_path: Path) -> None:
    table = run("providers", env=environment(tmp_path)).stdout
    assert all(name in table for name in PROVIDERS)
    known = json.loads(run("providers", "--json", env=environment(tmp_path)).stdout)
    assert {name: set(can) for name, can in known.items()} == {
        name: {str(one) for one in provider.capabilities} for name, provider in PROVIDERS.items()
    }


@pytest.mark.parametrize("words", [("providers", "check", "nobody/default"), ("demo", "--provider", "nobody")])
def test_a_provider_there_is_not_is_answered_with_those_there_are(tmp_path: Path, words: tuple[str, ...]) -> None:
    answer = run(*words, env=environment(tmp_path), cwd=tmp_path)
    assert answer.returncode == 2
    assert all(name in answer.stderr for name in PROVIDERS)


def test_nothing_is_sent_for_trial_where_a_trial_would_reach_people(tmp_path: Path) -> None:
    sheet = tmp_path / "people.csv"
    sample = Path(__file__).parents[2] / "recipes" / "nda" / "sample.csv"
    sheet.write_bytes(sample.read_bytes())
    env = environment(tmp_path / "home", ESIGN_LUMIN_API_KEY="made-up-key")
    answer = run("plan", "nda", str(sheet), "--provider", "lumin", "--account", "default", env=env)
    assert answer.returncode == 2
    assert "Lumin has no test mode" in answer.stderr


def test_the_sandbox_runs_alone_with_every_provider(tmp_path: Path) -> None:
    async def look() -> str:
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("esign")), "sandbox", "--port", "0",
            env=environment(tmp_path / "home"), stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        said = ""
        try:
            async with asyncio.timeout(60):
                while "is ready at" not in said:
                    said += (await process.stdout.readline()).decode()
        finally:
            process.terminate()
            await process.wait()
        return said

    said = asyncio.run(look())
    assert all(provider.sandbox_path in said for provider in PROVIDERS.values())
