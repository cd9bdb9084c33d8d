"""A sheet is sent exactly once, whatever happens to the process that sends it."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from pathlib import Path

import pytest

import cli
from tests.acceptance.house import (
    CREATE,
    LOOK_UP,
    House,
    kill,
    measured,
    names_of,
    processes_of,
    read_sheet,
    title_of,
    until,
    write_sheet,
)

pytestmark = [pytest.mark.slow, pytest.mark.prefect, pytest.mark.timeout(500)]

UP = ("--no-robots",)
ROWS = 60
IN_FLIGHT = 20
"""`concurrency` of an account, unless it says otherwise."""
CALL_SECONDS = 0.5
SLOW = (CREATE, f"delay:{CALL_SECONDS}", 10_000)
BUSY = 3
"""Seconds that a machine with other things to do is given on top."""


def quick_account(house: House) -> dict[str, str]:
    """The sandbox once more, as an account with a short timeout: a claim then holds for 21 s instead of 46."""
    return {
        "ESIGN_ESIGNATURES_API_TOKEN": house.sandbox.token,
        "ESIGN_ESIGNATURES_BASE_URL": f"{house.sandbox.url}/esignatures/api",
        "ESIGN_ESIGNATURES_TIMEOUT_SECONDS": "5",
        "ESIGN_ESIGNATURES_SETTLE_SECONDS": "0",
    }


def accepted(house: House, group: str) -> int:
    return len(house.sandbox.contracts(f" {group}-"))


def assert_each_row_once(house: House, sheet: Path, group: str) -> None:
    titles = Counter(one["title"] for one in house.sandbox.contracts(f" {group}-"))
    assert titles == Counter({title_of(person["company"]): 1 for person in read_sheet(sheet)})
    marks = Counter(one["metadata"] for one in house.sandbox.contracts(f" {group}-"))
    assert set(marks.values()) == {1}
    assert house.states(group) == {"sent": len(titles)}
    assert house.ledger("SELECT count(*) FROM incidents") == [(0,)]
    assert {person["esign status"] for person in read_sheet(sheet)} == {"sent"}


def in_doubt(house: House, group: str) -> int:
    states = house.states(group)
    return states["sending"] + states["uncertain"]


def test_the_demos_sheet_without_skip_bad_is_not_sent(house: House, tmp_path: Path) -> None:
    sheet = tmp_path / "people.csv"
    shutil.copy(Path(cli.__file__).with_name("demo_people.csv"), sheet)
    before = accepted(house, "Company")
    answer = house.send(sheet)
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert answer.stderr.count("\n") == 1
    assert "--skip-bad" in answer.stderr
    assert accepted(house, "Company") == before
    assert house.ledger("SELECT count(*) FROM requests WHERE key LIKE 'Example Company 0%'") == [(0,)]
    assert [person["esign status"] for person in read_sheet(sheet)].count("refused") == 2


def test_a_killed_sending_goes_on_and_every_row_is_sent_once(house: House, tmp_path: Path) -> None:
    sheet = write_sheet(tmp_path / "people.csv", "KA", ROWS)
    with house.sandbox.faults(SLOW):
        sending = house.start_sending(sheet, "first")
        until("20 contracts", lambda: accepted(house, "KA") >= 20, 120, pause=0.05)
        sending.kill()
        killed_at, doubtful = accepted(house, "KA"), in_doubt(house, "KA")
        time.sleep(1.5)  # what was on the wire arrives
    there = accepted(house, "KA")
    assert there < ROWS
    assert there - killed_at <= doubtful <= IN_FLIGHT
    assert doubtful > 0
    house.sandbox.forget_counts()
    begun = time.monotonic()
    again = house.send(sheet)
    measured(
        f"Killed with {there} contracts in the sandbox and {doubtful} rows in doubt; "
        f"the second sending took {time.monotonic() - begun:.1f} s."
    )
    assert again.returncode == 0, again.stdout + again.stderr
    assert "goes on" in again.stdout
    assert house.sandbox.counts().get(LOOK_UP, 0) >= 1
    assert_each_row_once(house, sheet, "KA")
    assert len(house.flow_runs("send-batch")) >= 2


def test_rows_taken_but_never_answered_are_looked_up_and_not_sent_again(house: House, tmp_path: Path) -> None:
    sheet = write_sheet(tmp_path / "people.csv", "KB", ROWS)
    account = quick_account(house)
    unanswered = (CREATE, "cut-after", 3)
    with house.sandbox.faults((CREATE, "delay:0.5", 6), unanswered, SLOW):
        sending = house.start_sending(sheet, "first", "--account", "default", **account)
        until("20 contracts", lambda: accepted(house, "KB") >= 20, 120, pause=0.05)
        until("calls under way", lambda: house.states("KB")["sending"] > 0, 10, pause=0.01)
        sending.kill()
        states = house.states("KB")
        time.sleep(1.5)
    assert states["uncertain"] == 3
    assert 0 < states["sending"] <= IN_FLIGHT
    house.sandbox.forget_counts()
    again = house.send(sheet, "--account", "default", **account)
    assert again.returncode == 0, again.stdout + again.stderr
    assert house.sandbox.counts().get(LOOK_UP, 0) >= 1
    assert_each_row_once(house, sheet, "KB")


def test_rows_that_never_reached_the_provider_are_sent_after_the_look_up(house: House, tmp_path: Path) -> None:
    sheet = write_sheet(tmp_path / "people.csv", "KC", 30)
    account = quick_account(house)
    with house.sandbox.faults((CREATE, "delay:0.2", 6), (CREATE, "cut-before", 3)):
        first = house.send(sheet, "--account", "default", **account)
    assert accepted(house, "KC") >= 27
    if first.returncode:
        first = house.send(sheet, "--account", "default", **account)
    assert first.returncode == 0, first.stdout + first.stderr
    assert_each_row_once(house, sheet, "KC")


def test_a_second_sending_beside_a_running_one_sends_nothing_twice(house: House, tmp_path: Path) -> None:
    sheet = write_sheet(tmp_path / "people.csv", "KD", ROWS)
    house.sandbox.forget_counts()
    with house.sandbox.faults(SLOW):
        one = house.start_sending(sheet, "one")
        until("the first contracts", lambda: accepted(house, "KD") >= 3, 120, pause=0.05)
        other = house.start_sending(sheet, "other")
        ends = [one.end(120), other.end(120)]
    assert ends == [0, 0], one.said + other.said
    assert_each_row_once(house, sheet, "KD")
    assert house.sandbox.counts()[CREATE] == ROWS, "no call was made in vain"


def test_two_sendings_begun_in_the_same_moment_send_nothing_twice(house: House, tmp_path: Path) -> None:
    sheet = write_sheet(tmp_path / "people.csv", "KE", ROWS)
    with house.sandbox.faults((CREATE, "delay:0.2", 10_000)):
        both = [house.start_sending(sheet, name) for name in ("one", "other")]
        ends = [each.end(120) for each in both]
    assert ends == [0, 0], "\n".join(each.said for each in both)
    assert_each_row_once(house, sheet, "KE")


@pytest.mark.parametrize(("group", "server_gone"), [("KF", False), ("KI", True)])
def test_ctrl_c_in_mid_batch_says_how_to_go_on_and_leaves_nothing_in_doubt(
    house: House, tmp_path: Path, group: str, server_gone: bool
) -> None:
    rows = 4 * ROWS  # five seconds of sending, so that a machine that stands still for one is in mid-batch yet
    sheet = write_sheet(tmp_path / "people.csv", group, rows)
    server = house.child("server", "start")
    assert server is not None
    with house.sandbox.faults(SLOW):
        sending = house.start_sending(sheet, "first")
        until("15 contracts", lambda: accepted(house, group) >= 15, 120, pause=0.05)
        if server_gone:
            kill(server)
        sending.interrupt()
        begun = time.monotonic()
        code = sending.end(40)
        without = " without a server" if server_gone else ""
        took = time.monotonic() - begun
        measured(f"Ctrl-C ended the sending{without} after {took:.1f} s.")
    assert took <= CALL_SECONDS + 2 + BUSY
    assert code == 130, sending.said
    assert "goes on where this one ended" in sending.said
    assert "Traceback" not in sending.said
    there = accepted(house, group)
    assert 15 <= there < rows
    assert house.states(group) == {"sent": there, "planned": rows - there}
    if server_gone:
        until("the server's return", house.prefect_answers, 150)
    again = house.send(sheet)
    assert again.returncode == 0, again.stdout + again.stderr
    assert_each_row_once(house, sheet, group)


def test_sending_once_more_when_everything_is_sent_does_nothing(house: House, tmp_path: Path) -> None:
    sheet = write_sheet(tmp_path / "people.csv", "KG", 3)
    assert house.send(sheet).returncode == 0
    again = house.send(sheet)
    assert again.returncode == 0, again.stdout + again.stderr
    assert_each_row_once(house, sheet, "KG")


def test_a_sending_shows_on_the_running_prefect_server_and_starts_none_of_its_own(house: House, tmp_path: Path) -> None:
    sheet = write_sheet(tmp_path / "people.csv", "KH", 1)
    before = len(house.flow_runs("send-batch"))
    answer = house.send(sheet, PREFECT_HOME=str(tmp_path / "prefect"))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert len(house.flow_runs("send-batch")) == before + 1
    assert not (tmp_path / "prefect" / "prefect.db").exists()


def test_ctrl_c_takes_the_house_down_and_leaves_no_process(house: House) -> None:
    """The last of this module: it takes the house down."""
    house.up.interrupt()
    assert house.up.end(30) == 0, house.up.said
    assert names_of(processes_of(house.home)) == []
    assert not (house.home / "running.env").exists()
    assert "Traceback" not in house.up.said
