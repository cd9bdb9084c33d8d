"""The first rows go out, a person says yes or no in Prefect, and the others follow or stay; counted at the sandbox."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.house import House, read_sheet, run, until, write_sheet

pytestmark = [pytest.mark.slow, pytest.mark.prefect, pytest.mark.timeout(500)]

UP = ("--no-robots",)
GOES_ON = ("SCHEDULED", "PENDING", "RUNNING", "COMPLETED")


def sent(house: House, group: str) -> int:
    return len(house.sandbox.contracts(f" {group}-"))


def start_run(house: House, **parameters: Any) -> str:
    """A run of the deployment, as the button in Prefect's pages starts it."""
    deployment = house.prefect.get("/deployments/name/send-batch/send-batch").raise_for_status().json()["id"]
    asked = {"parameters": parameters, "idempotency_key": str(uuid.uuid4())}
    made = house.prefect.post(f"/deployments/{deployment}/create_flow_run", json=asked)
    return str(made.raise_for_status().json()["id"])


def state(house: House, run_id: str) -> dict[str, Any]:
    return dict(house.prefect.get(f"/flow_runs/{run_id}").raise_for_status().json()["state"])


def suspended(house: House, run_id: str) -> bool:
    now = state(house, run_id)
    assert now["type"] not in ("FAILED", "CRASHED", "COMPLETED"), now
    return now["name"] == "Suspended"


def answer(house: House, run_id: str, **said: str) -> None:
    """Press "Resume"; again where the server is not done yet with suspending the run, until it is taken."""

    def pressed() -> bool:
        told = house.prefect.post(f"/flow_runs/{run_id}/resume", json={"run_input": said}).raise_for_status().json()
        taken = told["status"] == "ACCEPT" or state(house, run_id)["type"] in GOES_ON
        assert taken or "Run input schema not found." in str(told["details"]), told
        return taken

    until("the answer is taken", pressed, 200, pause=1.0)


def ended(house: House, run_id: str) -> dict[str, Any] | None:
    now = state(house, run_id)
    return now if now["type"] in ("FAILED", "CRASHED", "COMPLETED") else None


def batch_of(house: House, group: str) -> tuple[str, str]:
    """Its id and its plan's hash."""
    ((found, hash_),) = house.ledger(
        "SELECT DISTINCT b.id, b.hash FROM batches b JOIN requests r ON r.batch_id = b.id WHERE r.key LIKE ?",
        f"%{group}-%",
    )
    return str(found), str(hash_)


def test_after_a_yes_the_rest_of_the_frozen_plan_goes_out_and_the_sheet_is_not_read_again(
    house: House, tmp_path: Path
) -> None:
    sheet = write_sheet(tmp_path / "people.csv", "CA", 12)
    run_id = start_run(house, recipe="nda", sheet=str(sheet), canary=3)
    until("the run is suspended", lambda: suspended(house, run_id), 200)
    assert sent(house, "CA") == 3 and house.states("CA") == {"sent": 3, "planned": 9}
    batch_id, hash_ = batch_of(house, "CA")
    key = batch_id.lower().replace("_", "-")
    shown = house.prefect.get(f"/artifacts/{key}-canary/latest").raise_for_status().json()["data"]
    assert batch_id in shown and hash_[:12] in shown and "**9** rows" in shown
    assert "example.com" not in shown and "Example Company" not in shown and "Signer" not in shown
    again = house.send(sheet)
    assert again.returncode == 1 and f"esign batch resume {batch_id}" in again.stderr, again.stdout + again.stderr
    assert sent(house, "CA") == 3
    write_sheet(sheet, "CX", 30)  # whatever becomes of the sheet meanwhile
    answer(house, run_id, send_the_others="yes", plan=hash_[:12])
    over = until("the run has ended", lambda: ended(house, run_id), 200)
    assert over["type"] == "COMPLETED", over
    assert sent(house, "CA") == 12 and sent(house, "CX") == 0
    assert house.states("CA") == {"sent": 12} and house.states("CX") == {}
    marks = [one["metadata"] for one in house.sandbox.contracts(" CA-")]
    assert len(set(marks)) == len(marks)


@pytest.mark.parametrize(
    ("group", "said"), [("CB", {"send_the_others": "no"}), ("CC", {"send_the_others": "yes", "plan": "of another"})]
)
def test_a_no_or_a_yes_to_another_plan_sends_nothing_and_leaves_the_batch_to_a_person(
    house: House, tmp_path: Path, group: str, said: dict[str, str]
) -> None:
    sheet = write_sheet(tmp_path / "people.csv", group, 5)
    run_id = start_run(house, recipe="nda", sheet=str(sheet), canary=2)
    until("the run is suspended", lambda: suspended(house, run_id), 200)
    answer(house, run_id, **said)
    over = until("the run has ended", lambda: ended(house, run_id), 200)
    assert (over["type"], over["name"]) == ("COMPLETED", "Paused by a person"), over
    assert sent(house, group) == 2 and house.states(group) == {"sent": 2, "planned": 3}
    batch_id, _ = batch_of(house, group)
    resumed = run("batch", "resume", batch_id, env=house.env)
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert sent(house, group) == 5 and house.states(group) == {"sent": 5}


def test_without_an_answer_in_time_nothing_is_sent(house: House, tmp_path: Path) -> None:
    sheet = write_sheet(tmp_path / "people.csv", "CD", 4)
    run_id = start_run(house, recipe="nda", sheet=str(sheet), canary=1, approval_hours=2 / 3600)
    over = until("the run has ended", lambda: ended(house, run_id), 200)
    assert over["type"] == "FAILED" and sent(house, "CD") == 1, over
    assert house.states("CD") == {"sent": 1, "planned": 3}
    batch_id, _ = batch_of(house, "CD")
    assert house.ledger("SELECT state FROM batches WHERE id = ?", batch_id) == [("held",)]


def test_on_the_command_line_the_canary_goes_out_and_resume_sends_the_others(house: House, tmp_path: Path) -> None:
    sheet = write_sheet(tmp_path / "people.csv", "CE", 6)
    first = house.send(sheet, "--canary", "2")
    assert first.returncode == 0, first.stdout + first.stderr
    batch_id, _ = batch_of(house, "CE")
    assert f"esign batch resume {batch_id}" in first.stdout and sent(house, "CE") == 2
    assert [person["esign status"] for person in read_sheet(sheet)].count("sent") == 2
    resumed = run("batch", "resume", batch_id, env=house.env)
    assert resumed.returncode == 0 and sent(house, "CE") == 6, resumed.stdout + resumed.stderr
    voided = run("batch", "void", batch_id, "--yes", env=house.env)
    assert voided.returncode == 0 and "6 requests withdrawn" in voided.stdout, voided.stdout + voided.stderr
    assert {one["status"] for one in house.sandbox.contracts(" CE-")} == {"withdrawn"}
    assert {person["esign status"] for person in read_sheet(sheet)} == {"canceled"}
