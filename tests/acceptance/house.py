"""Runs the real command the way a person does, in homes of its own, and looks at what it did from outside."""

from __future__ import annotations

import csv
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
from dotenv import dotenv_values

ESIGN = Path(sys.executable).with_name("esign")
OURS = ("ESIGN_", "PREFECT_", "SANDBOX_")
CREATE = "POST /esignatures/api/contracts"
LOOK_UP = "GET /esignatures/api/contracts/recent"
COLUMNS = (
    "esign status",
    "esign waiting for",
    "esign sent",
    "esign last event",
    "esign next reminder",
    "esign problem",
    "esign document",
    "esign id",
)

T = TypeVar("T")


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a command sees: nothing of ours but this home, and nothing of Prefect but a folder of its own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {
        **inherited,
        "ESIGN_ENV_FILE": "",
        "ESIGN_HOME": str(home),
        "PREFECT_HOME": f"{home}.prefect",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "NO_PROXY": "127.0.0.1,localhost",
        **more,
    }


def run(
    *words: str, env: Mapping[str, str], cwd: Path | None = None, within: float = 120.0, typed: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `esign words…` to its end, without a terminal."""
    given: dict[str, Any] = {"stdin": subprocess.DEVNULL} if typed is None else {"input": typed}
    return subprocess.run(
        [str(ESIGN), *words], env=dict(env), cwd=cwd, capture_output=True, text=True, timeout=within, **given
    )


def until(what: str, look: Callable[[], T], within: float, pause: float = 0.1) -> T:
    """Look again and again until there is something to see, and return it."""
    deadline = time.monotonic() + within
    while not (seen := look()):
        assert time.monotonic() < deadline, f"Within {within:.0f} s not seen: {what}."
        time.sleep(pause)
    return seen


def measured(sentence: str) -> None:
    """A figure for whoever runs the tests with -s or -rP."""
    sys.stdout.write(f"\n{sentence}\n")


class Patient(httpx.HTTPTransport):
    """Asks again where a busy server says 503 and has done nothing (Prefect, where its SQLite is locked)."""

    def __init__(self, within: float = 200.0) -> None:
        # A connection for each request: uvicorn closes an idle one after 5 s, and resets what it meets then.
        super().__init__(limits=httpx.Limits(max_keepalive_connections=0))
        self._within = within

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        deadline = time.monotonic() + self._within
        while (answer := super().handle_request(request)).status_code == 503 and time.monotonic() < deadline:
            answer.close()
            time.sleep(1.0)
        return answer


def client_of(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=60.0, trust_env=False, transport=Patient())


def free_ports(number: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    try:
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def processes_of(home: Path) -> list[psutil.Process]:
    """Every process that was started for this home, whoever its parent is by now."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("ESIGN_HOME") == str(home) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def end_all(home: Path) -> None:
    """Kill what is left of a home, so that one failing test does not spoil the next."""
    for process in processes_of(home):
        with suppress(psutil.NoSuchProcess):
            process.kill()


def kill(*processes: psutil.Process) -> None:
    """`kill -9`, of each with all its descendants."""
    everybody = [one for process in processes for one in (*process.children(recursive=True), process)]
    for process in everybody:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(everybody, timeout=5)


def read_sheet(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def write_sheet(path: Path, group: str, number: int) -> Path:
    """A sheet for the recipe `nda` whose companies nobody else uses; `group` keeps tests apart."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(
            ("company", "signer_name", "signer_email", "our_company", "our_name", "our_email", "purpose", "years")
        )
        for row in range(1, number + 1):
            company, address = f"Example Company {group}-{row:03}", f"person{row:03}.{group.lower()}@example.com"
            writer.writerow(
                (company, f"Signer {row}", address, "Example Company 00", "Signer Zero", "person00@example.com", "a", 3)
            )
    return path


def title_of(company: str) -> str:
    return f"Confidentiality agreement between Example Company 00 and {company}"


class Sandbox:
    """The sandbox as everybody sees it: its HTTP interface, through none of our code."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url, token
        self._client = client_of(url)

    def get(self, path: str) -> Any:
        return self._client.get(path).raise_for_status().json()

    def counts(self) -> dict[str, int]:
        return dict(self.get("/_sandbox/counts")["requests"])

    def forget_counts(self) -> None:
        self._client.delete("/_sandbox/counts").raise_for_status()

    def contracts(self, group: str = "") -> list[dict[str, Any]]:
        return [one for one in self.get("/_sandbox/contracts") if group in one["title"]]

    def recent(self) -> list[dict[str, Any]]:
        """The newest contracts as the provider itself tells them to the account's owner."""
        answer = self._client.get("/esignatures/api/contracts/recent", auth=(self.token, ""))
        return list(answer.raise_for_status().json()["data"])

    @contextmanager
    def faults(self, *faults: tuple[str, str, int]) -> Iterator[None]:
        """Misbehave in this order: (which call, how, how many times)."""
        try:
            for match, action, times in faults:
                wanted = {"match": match, "action": action, "times": times}
                self._client.post("/_sandbox/faults", json=wanted).raise_for_status()
            yield
        finally:
            self._client.delete("/_sandbox/faults").raise_for_status()

    def ca(self) -> bytes:
        return self._client.get("/_sandbox/ca.pem").raise_for_status().content

    def close(self) -> None:
        self._client.close()


@dataclass
class Started:
    """One `esign` command on its way, in a process group of its own."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def end(self, within: float) -> int:
        """Its exit code."""
        return self.process.wait(within)

    def kill(self) -> None:
        """`kill -9` of the whole process group."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(60)


def start(*words: str, env: Mapping[str, str], log: Path, cwd: Path | None = None) -> Started:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(ESIGN), *words],
            env={**env, "PYTHONUNBUFFERED": "1"},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Started(process, log)


@dataclass
class House:
    """Everything `esign up` brings up in one home, seen from outside."""

    home: Path
    env: dict[str, str]
    sandbox: Sandbox
    running: dict[str, str]
    up: Started
    prefect: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.prefect = client_of(self.running["PREFECT_API_URL"])

    def send(self, sheet: Path, *more: str, within: float = 150.0, **env: str) -> subprocess.CompletedProcess[str]:
        return run("send", "nda", str(sheet), *more, env={**self.env, **env}, within=within)

    def start_sending(self, sheet: Path, name: str, *more: str, **env: str) -> Started:
        return start("send", "nda", str(sheet), *more, env={**self.env, **env}, log=sheet.with_suffix(f".{name}.log"))

    def ledger(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Read the ledger's file, through none of our code."""
        with closing(sqlite3.connect(f"file:{self.home / 'ledger.db'}?mode=ro", uri=True, timeout=10)) as connection:
            return connection.execute(statement, values).fetchall()

    def states(self, group: str) -> Counter[str]:
        """How many requests of a group stand where."""
        return Counter(
            dict(self.ledger("SELECT state, count(*) FROM requests WHERE key LIKE ? GROUP BY state", f"%{group}-%"))
        )

    def archived(self, group: str) -> set[str]:
        return {path.name for path in (self.home / "archive").rglob(f"*{group}-*.pdf")}

    def drainer(self) -> psutil.Process | None:
        """The process that holds the drain's lease, if there is one alive."""
        for owner, until_ms in self.ledger("SELECT owner, until FROM leases WHERE name = 'drain'"):
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(int(owner.split(":")[1]))
                if until_ms > time.time() * 1000 and process in processes_of(self.home):
                    return process
        return None

    def child(self, *words: str) -> psutil.Process | None:
        """The child of `esign up` with these words in its command line."""
        for process in psutil.Process(self.up.process.pid).children():
            with suppress(psutil.Error):
                if process.status() != psutil.STATUS_ZOMBIE and set(words) <= set(process.cmdline()):
                    return process
        return None

    def flow_runs(self, flow: str) -> list[dict[str, Any]]:
        """Runs of a flow as Prefect tells them, newest first."""
        wanted = {"flows": {"name": {"any_": [flow]}}, "sort": "START_TIME_DESC"}
        return list(self.prefect.post("/flow_runs/filter", json=wanted).raise_for_status().json())

    def prefect_answers(self) -> bool:
        with suppress(httpx.HTTPError):
            return self.prefect.get("/health").is_success
        return False


@contextmanager
def house(home: Path, options: Sequence[str]) -> Iterator[House]:
    """Bring everything up on free ports with `esign up`, and take it down with Ctrl-C; nothing may be left."""
    home.mkdir(parents=True, exist_ok=True)
    env = environment(home)
    prefect, sandbox, receiver = map(str, free_ports(3))
    ports = ("--prefect-port", prefect, "--sandbox-port", sandbox, "--receiver-port", receiver)
    up = start("up", *ports, *options, env=env, log=home.with_suffix(".up.log"))
    try:
        until("esign up is up", lambda: "Up. Stop with Ctrl-C." in up.said or up.process.poll() is not None, 150)
        assert up.process.poll() is None, up.said
        running = {name: value or "" for name, value in dotenv_values(home / "running.env").items()}
        secrets = dotenv_values(home / "secrets.env")
        seen = Sandbox(running["ESIGN_SANDBOX_URL"], secrets["ESIGN_SANDBOX_TOKEN"] or "")
        yield House(home, env, seen, running, up)
        if up.process.poll() is None:
            up.interrupt()
            assert up.end(60) == 0, up.said
        assert names_of(processes_of(home)) == []
    finally:
        end_all(home)
        up.process.wait(60)


def names_of(processes: Sequence[psutil.Process]) -> list[str]:
    names = []
    for process in processes:
        with suppress(psutil.Error):
            names.append(" ".join(process.cmdline()))
    return names
