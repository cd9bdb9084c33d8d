"""The demo's people, as far as Prefect and the logs know them: not at all."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from dotenv import dotenv_values
from pydantic import SecretStr

import cli
from connectors.signing.hooks import token
from tests.privacy import places
from tests.privacy.search import finds
from tests.privacy.stage import PROJECT

pytestmark = [pytest.mark.slow, pytest.mark.prefect, pytest.mark.timeout(500)]

PERSONAL = ("company", "signer_name", "signer_title", "signer_email", "our_company", "our_name", "our_email", "purpose")


@dataclass(frozen=True)
class Told:
    """The demo's folder, and everything in it that is Prefect's or a log."""

    home: Path
    places: dict[str, bytes]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("demo")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "ESIGN_"))}
    subprocess.run(
        [sys.executable, "-c", "from cli.main import main; main()", "demo"],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(PROJECT)},
        check=True,
        timeout=300,
    )
    home = folder / ".esign" / "demo"
    found = {
        **dict(places.tables(home / "prefect" / "prefect.db")),
        **dict(places.files("Prefect", home / "prefect")),
        **dict(places.files("logs", home / "logs")),
    }
    return Told(home, found)


def personal() -> list[str]:
    with Path(cli.__file__).with_name("demo_people.csv").open(newline="", encoding="utf-8") as file:
        return sorted({row[name] for row in csv.DictReader(file) for name in PERSONAL})


def test_the_demos_people_are_in_the_ledger_but_not_in_prefect_and_not_in_a_log(told: Told) -> None:
    found = finds(told.places, *personal())
    assert not found, "\n".join(map(str, found))
    assert finds({"the ledger": (told.home / "ledger.db").read_bytes()}, "person01@example.com")


def test_why_somebody_declined_is_not_in_prefect(told: Told) -> None:
    assert not finds(told.places, "A robot declines")


def test_the_demos_secrets_are_in_their_own_file_alone(told: Told) -> None:
    secrets = {name: value for name, value in dotenv_values(told.home / "secrets.env").items() if value}
    mark = token(SecretStr(secrets["ESIGN_RECEIVER_SECRET"]), "esignatures", "sandbox").partition(".")[2]
    assert not finds(told.places, *secrets.values(), mark)


def test_what_prefect_does_know_are_ids_and_numbers(told: Told) -> None:
    assert b"req_" in told.places["the table events, column payload"]
    assert b"10 sent, 0 refused, 0 unclear" in told.places["the table flow_run_state, column message"]
