"""A live account asks before it sends, and trial is what an account is unless it says otherwise."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.acceptance.house import (
    CREATE,
    ESIGN,
    Sandbox,
    end_all,
    environment,
    free_ports,
    run,
    until,
    write_sheet,
)
from tests.processes import end

pytestmark = [pytest.mark.slow, pytest.mark.prefect, pytest.mark.timeout(500)]

TOKEN = "token-of-example-company-00"
ROWS = 2


@dataclass
class Servers:
    """A Prefect server and a sandbox, and nothing else."""

    env: dict[str, str]
    sandbox: Sandbox

    def account(self, **more: str) -> dict[str, str]:
        """The sandbox as the account `default`, which says nothing of its mode."""
        return {
            **self.env,
            "ESIGN_ESIGNATURES_API_TOKEN": TOKEN,
            "ESIGN_ESIGNATURES_BASE_URL": f"{self.sandbox.url}/esignatures/api",
            **more,
        }

    def live(self) -> dict[str, str]:
        return self.account(
            ESIGN_ESIGNATURES_MODE="live",
            ESIGN_PUBLIC_URL="http://127.0.0.1:9",
            ESIGN_RECEIVER_SECRET="receiver-secret-of-the-tests",
        )

    def asked_for(self) -> int:
        """How many times somebody asked for a contract."""
        return self.sandbox.counts().get(CREATE, 0)

    def tests(self, group: str) -> set[str]:
        """What the contracts of this group say about being a trial."""
        return {one["test"] for one in self.sandbox.recent() if f" {group}-" in one["title"]}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    home = tmp_path_factory.mktemp("live") / "home"
    home.mkdir()
    prefect, sandbox = free_ports(2)
    env = environment(home, PREFECT_API_URL=f"http://127.0.0.1:{prefect}/api", SANDBOX_TOKEN=TOKEN)
    commands = {
        f"http://127.0.0.1:{prefect}/api/health": ("prefect", "server", "start", "--port", str(prefect)),
        f"http://127.0.0.1:{sandbox}/_sandbox/health": (
            *("sandbox", "--port", str(sandbox), "--home", str(home / "sandbox"), "--no-robots"),
        ),
    }
    try:
        with ExitStack() as stack:
            for address, words in commands.items():
                stack.enter_context(running(words, env, home / f"{words[0]}.log"))
                until(address, lambda address=address: answers(address), 150)
            yield Servers(env, Sandbox(f"http://127.0.0.1:{sandbox}", TOKEN))
    finally:
        end_all(home)


@contextmanager
def running(words: tuple[str, ...], env: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *words], env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        yield
    finally:
        end(process, 10)


def answers(address: str) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(address, trust_env=False, timeout=2).is_success
    return False


def at_a_terminal(*words: str, env: dict[str, str], asked: str, typed: str | None) -> tuple[int, str]:
    """Run the command at a terminal and type an answer once it has asked; exit code and everything on the screen.

    `None` is Ctrl-C instead of an answer, once.
    """
    ours, theirs = pty.openpty()
    with subprocess.Popen([str(ESIGN), *words], env=env, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        seen, answered = "", False
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    seen += os.read(ours, 65536).decode(errors="replace")
                except OSError:
                    break  # the last one at the terminal has left
            if not answered and asked in seen:
                if typed is None:
                    time.sleep(1)  # as a person would; between the question and the reading Python takes it for later
                    process.send_signal(signal.SIGINT)
                else:
                    os.write(ours, f"{typed}\n".encode())
                answered = True
        else:
            process.kill()
        os.close(ours)
        code = process.wait(60)
    assert answered, seen
    return code, " ".join(seen.split())


@pytest.mark.parametrize("typed", ["3", "yes", "", pytest.param("\x04", id="Ctrl-D")])
def test_nothing_is_sent_when_another_number_is_typed(servers: Servers, tmp_path: Path, typed: str) -> None:
    sheet = write_sheet(tmp_path / "people.csv", "LA", ROWS)
    code, screen = at_a_terminal(
        "send", "nda", str(sheet), "--account", "default", env=servers.live(), asked="to send them: ", typed=typed
    )
    assert code == 1, screen
    assert "LIVE: this sends 2 requests that bind people" in screen
    assert screen.endswith("Nothing was sent.")
    assert servers.tests("LA") == set()


def test_ctrl_c_at_the_question_counts_at_once(servers: Servers, tmp_path: Path) -> None:
    sheet = write_sheet(tmp_path / "people.csv", "LA", ROWS)
    code, screen = at_a_terminal(
        "send", "nda", str(sheet), "--account", "default", env=servers.live(), asked="to send them: ", typed=None
    )
    assert code == 130, screen
    assert servers.tests("LA") == set()


@pytest.mark.parametrize("words", [(), ("--yes",), ("--live",)])
def test_nothing_is_sent_without_a_terminal_and_without_both_words(
    servers: Servers, tmp_path: Path, words: tuple[str, ...]
) -> None:
    sheet = write_sheet(tmp_path / "people.csv", "LB", ROWS)
    before = servers.asked_for()
    answer = run("send", "nda", str(sheet), "--account", "default", *words, env=servers.live())
    assert answer.returncode == 2, answer.stdout + answer.stderr
    (sentence,) = answer.stderr.splitlines()
    assert "--yes --live" in sentence
    assert servers.asked_for() == before
    assert servers.tests("LB") == set()


def test_a_number_piped_in_is_nobody_at_a_terminal(servers: Servers, tmp_path: Path) -> None:
    sheet = write_sheet(tmp_path / "people.csv", "LB", ROWS)
    answer = run("send", "nda", str(sheet), "--account", "default", env=servers.live(), typed=f"{ROWS}\n")
    assert answer.returncode == 2, answer.stdout + answer.stderr
    assert servers.tests("LB") == set()


def test_an_account_that_says_nothing_of_its_mode_sends_trials(servers: Servers, tmp_path: Path) -> None:
    sheet = write_sheet(tmp_path / "people.csv", "LC", ROWS)
    answer = run("send", "nda", str(sheet), "--account", "default", env=servers.account())
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "(test)" in answer.stdout
    assert servers.tests("LC") == {"yes"}


def test_the_right_number_sends_for_real(servers: Servers, tmp_path: Path) -> None:
    sheet = write_sheet(tmp_path / "people.csv", "LD", ROWS)
    code, screen = at_a_terminal(
        "send", "nda", str(sheet), "--account", "default", env=servers.live(), asked="to send them: ", typed=str(ROWS)
    )
    assert code == 0, screen
    assert servers.tests("LD") == {"no"}
    again = run("send", "nda", str(sheet), "--account", "default", env=servers.live())
    assert again.returncode == 0, again.stdout + again.stderr
    assert len([one for one in servers.sandbox.recent() if " LD-" in one["title"]]) == ROWS


def newest(servers: Servers) -> str:
    """Id of the batch that was frozen last."""
    shown = run("status", "--json", env=servers.live())
    assert shown.returncode == 0, shown.stderr
    return str(json.loads(shown.stdout)["batch"]["id"])


def contracts(servers: Servers, group: str) -> list[str]:
    """For each contract of this group, what it says about being a trial."""
    return [one["test"] for one in servers.sandbox.recent() if f" {group}-" in one["title"]]


def test_resuming_a_live_batch_asks_for_the_number_that_is_left(servers: Servers, tmp_path: Path) -> None:
    sheet, env = write_sheet(tmp_path / "people.csv", "LF", 4), servers.live()
    first = run("send", "nda", str(sheet), "--account", "default", "--limit", "1", "--yes", "--live", env=env)
    assert first.returncode in (0, 1) and contracts(servers, "LF") == ["no"], first.stdout + first.stderr
    batch_id = newest(servers)
    assert run("batch", "pause", batch_id, env=env).returncode == 0
    for typed in ("4", "yes"):
        code, screen = at_a_terminal("batch", "resume", batch_id, env=env, asked="to send them: ", typed=typed)
        assert code == 1 and "LIVE: this sends 3 requests that bind people" in screen, screen
        assert screen.endswith("Nothing was sent.")
    for words in ((), ("--yes",), ("--live",)):
        answer = run("batch", "resume", batch_id, *words, env=env)
        assert answer.returncode == 2 and "--yes --live" in answer.stderr, answer.stdout + answer.stderr
    assert contracts(servers, "LF") == ["no"]
    assert "A person paused it" in run("status", batch_id, env=env).stdout, "what was not confirmed opened the batch"
    code, screen = at_a_terminal("batch", "resume", batch_id, env=env, asked="to send them: ", typed="3")
    assert code == 0, screen
    assert contracts(servers, "LF") == ["no"] * 4
    again = run("batch", "resume", batch_id, env=env)
    assert again.returncode == 0 and len(contracts(servers, "LF")) == 4, again.stdout + again.stderr


def test_resending_through_a_live_account_is_confirmed_anew(servers: Servers, tmp_path: Path) -> None:
    sheet, env = write_sheet(tmp_path / "people.csv", "LG", 3), servers.live()
    with servers.sandbox.faults((CREATE, "status:422", 2)):
        first = run("send", "nda", str(sheet), "--account", "default", "--yes", "--live", env=env)
    assert first.returncode == 1 and contracts(servers, "LG") == ["no"], first.stdout + first.stderr
    batch_id = newest(servers)
    for words in ((), ("--yes",), ("--live",)):
        answer = run("batch", "resend", batch_id, *words, env=env)
        assert answer.returncode == 2 and "--yes --live" in answer.stderr, answer.stdout + answer.stderr
    code, screen = at_a_terminal("batch", "resend", batch_id, env=env, asked="to send them: ", typed="3")
    assert code == 1 and "LIVE: this sends 2 requests" in screen and screen.endswith("Nothing was sent."), screen
    assert contracts(servers, "LG") == ["no"]
    answer = run("batch", "resend", batch_id, "--yes", "--live", env=env)
    assert answer.returncode == 0 and "2 rows are sent anew" in answer.stdout, answer.stdout + answer.stderr
    assert contracts(servers, "LG") == ["no"] * 3
    again = run("batch", "resend", batch_id, "--yes", "--live", env=env)
    assert again.returncode == 1 and "Nothing was sent" in again.stderr, again.stdout + again.stderr
    assert len(contracts(servers, "LG")) == 3


def test_a_mode_there_is_not_names_the_variable(servers: Servers, tmp_path: Path) -> None:
    sheet = write_sheet(tmp_path / "people.csv", "LE", ROWS)
    env = servers.account(ESIGN_ESIGNATURES_MODE="Live!")
    answer = run("send", "nda", str(sheet), "--account", "default", env=env)
    assert answer.returncode == 2, answer.stdout + answer.stderr
    (sentence,) = answer.stderr.splitlines()
    assert "ESIGN_ESIGNATURES_MODE" in sentence
    assert servers.tests("LE") == set()
