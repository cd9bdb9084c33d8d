"""`esign doctor` says of everything whether it is well, and what to do about what is not."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.house import House, run

pytestmark = [pytest.mark.slow, pytest.mark.prefect, pytest.mark.timeout(500)]

UP = ("--no-robots",)


def findings(house: House) -> dict[str, tuple[bool, str]]:
    answer = run("doctor", "--json", env=house.env)
    found = {one["what"]: (one["ok"], one["sentence"]) for one in json.loads(answer.stdout)}
    assert answer.returncode == (0 if all(ok for ok, _ in found.values()) else 1), answer.stderr
    return found


def test_after_up_everything_is_well(house: House) -> None:
    found = findings(house)
    assert {what: said for what, (ok, said) in found.items() if not ok} == {}
    assert set(found) == {"ledger", "Prefect server", "worker", "receiver", "account", "archive"}


def test_a_deployment_an_earlier_version_did_not_know_is_missed_by_name(house: House) -> None:
    there = house.prefect.get("/deployments/name/watch-sheet/watch-sheet").raise_for_status().json()
    house.prefect.delete(f"/deployments/{there['id']}").raise_for_status()
    ok, said = findings(house)["worker"]
    assert not ok
    assert said == "Deployments are missing (watch-sheet): run `esign up`."
