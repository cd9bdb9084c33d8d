"""What providers report is dealt with, whatever of ours is killed while it comes in."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.acceptance.house import House, kill, measured, names_of, processes_of, read_sheet, until, write_sheet

pytestmark = [pytest.mark.slow, pytest.mark.prefect, pytest.mark.timeout(500)]

UP = ("--robots",)
ROWS = 24
SECONDS = 30.0
"""Within these the next drain begins, once what was killed is back."""
SIGNING = "POST /sign/{signer_id}"


@contextmanager
def people_signing(house: House, tmp_path: Path, group: str) -> Iterator[Path]:
    """Send a sheet; the block begins when the first documents are archived and most are still to come.

    People take a second over each signature, so that webhooks keep coming in.
    """
    sheet = write_sheet(tmp_path / "people.csv", group, ROWS)
    with house.sandbox.faults((SIGNING, "delay:1", 10_000)):
        answer = house.send(sheet)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        until("the first archived documents", lambda: house.archived(group), 120, pause=0.05)
        assert len(house.archived(group)) < ROWS
        yield sheet


def seconds_until_the_next_drain(house: House, killed: psutil.Process | None, since: float) -> float:
    """From `since` (seconds of the epoch) to the moment another process than `killed` holds the drain's lease."""
    drainer = until(
        "the next drain",
        lambda: (found := house.drainer()) is not None and found != killed and found,
        within=SECONDS + 60,
        pause=0.05,
    )
    assert drainer
    return max(0.0, time.time() - since)


def assert_everything_is_archived(house: House, sheet: Path, group: str) -> None:
    until(f"all of {group} archived", lambda: len(house.archived(group)) == ROWS, 90)

    def shown() -> bool:
        """The sheet hears of a completion, and once more of its document: the two are written apart."""
        people = read_sheet(sheet)
        statuses = Counter(person.get("esign status") for person in people)
        return statuses == {"completed": ROWS} and {one["esign document"] for one in people} == house.archived(group)

    until(f"all of {group} in the sheet", shown, 120)
    people = read_sheet(sheet)
    assert {person["esign problem"] for person in people} == {""}
    assert house.states(group) == {"completed": ROWS}
    assert house.ledger("SELECT count(*) FROM inbox WHERE state IN ('waiting', 'dead')") == [(0,)]
    assert house.ledger("SELECT count(*) FROM effects WHERE state = 'stuck'") == [(0,)]


def drainer_of(house: House) -> psutil.Process:
    return until("a drain", house.drainer, 30)


def test_a_killed_drainer_is_followed_by_another(house: House, tmp_path: Path) -> None:
    with people_signing(house, tmp_path, "DA") as sheet:
        drainer = drainer_of(house)
        kill(drainer)
        waited = seconds_until_the_next_drain(house, drainer, time.time())
    measured(f"The next drain began {waited:.1f} s after the drainer was killed.")
    assert waited <= SECONDS
    assert_everything_is_archived(house, sheet, "DA")


def test_a_killed_worker_comes_back_and_the_draining_with_it(house: House, tmp_path: Path) -> None:
    with people_signing(house, tmp_path, "DB") as sheet:
        worker, drainer = house.child("worker", "start"), drainer_of(house)
        assert worker is not None
        kill(worker, drainer)
        back = until("a worker", lambda: house.child("worker", "start"), 60)
        assert back != worker
        waited = seconds_until_the_next_drain(house, drainer, back.create_time())
    measured(f"The next drain began {waited:.1f} s after the worker's return.")
    assert waited <= SECONDS
    assert_everything_is_archived(house, sheet, "DB")


def test_a_killed_prefect_server_comes_back_and_everything_is_archived(house: House, tmp_path: Path) -> None:
    """The drain under way may go on without a server; whoever drains then, it is under way within the time."""
    with people_signing(house, tmp_path, "DC") as sheet:
        server = house.child("server", "start")
        assert server is not None
        kill(server)
        until("the server's return", house.prefect_answers, 150)
        waited = seconds_until_the_next_drain(house, None, time.time())
    measured(f"A drain was under way {waited:.1f} s after the server's return.")
    assert house.child("server", "start") != server
    assert waited <= SECONDS
    assert_everything_is_archived(house, sheet, "DC")


def test_server_worker_and_drainer_killed_at_once_come_back_and_the_draining_with_them(
    house: House, tmp_path: Path
) -> None:
    with people_signing(house, tmp_path, "DD") as sheet:
        server, worker, drainer = house.child("server", "start"), house.child("worker", "start"), drainer_of(house)
        assert server is not None
        assert worker is not None
        kill(server, worker, drainer)
        until("the server's return", house.prefect_answers, 150)
        back = until("a worker", lambda: house.child("worker", "start"), 60)
        assert back != worker
        waited = seconds_until_the_next_drain(house, drainer, time.time())
    measured(f"The next drain began {waited:.1f} s after server and worker had returned.")
    assert waited <= SECONDS
    assert_everything_is_archived(house, sheet, "DD")


def test_a_service_managers_end_takes_the_house_down_and_leaves_no_process(house: House) -> None:
    """The last of this module: it takes the house down."""
    house.up.process.send_signal(signal.SIGTERM)
    assert house.up.end(60) == 0, house.up.said
    assert names_of(processes_of(house.home)) == []
