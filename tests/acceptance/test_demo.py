"""`esign demo`: the whole story, told once with --keep and looked at from all sides while it is up."""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import psutil
import pytest
from asn1crypto import pem
from asn1crypto.x509 import Certificate
from dotenv import dotenv_values
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from tests.acceptance.house import (
    COLUMNS,
    Sandbox,
    Started,
    end_all,
    environment,
    measured,
    names_of,
    processes_of,
    read_sheet,
    run,
    start,
    until,
)
from tests.programs import needs

pytestmark = [pytest.mark.prefect, pytest.mark.timeout(500)]

UP = "Everything stays up until Ctrl-C."
STATUS_QUERIES = ("GET /esignatures/api/contracts/{id}", "GET /esignatures/api/contracts/recent")


@dataclass
class Told:
    """One telling of the story, still up."""

    folder: Path
    command: Started
    sandbox: Sandbox
    token: str
    archive: dict[str, bytes]
    people: list[dict[str, str]]

    @property
    def completed(self) -> list[dict[str, str]]:
        return [person for person in self.people if person["esign status"] == "completed"]


def demo_environment(folder: Path) -> dict[str, str]:
    """Nothing is set but what finds the demo's processes again."""
    return environment(folder)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("demo")
    home = folder / ".esign" / "demo"
    command = start("demo", "--keep", env=demo_environment(folder), log=folder / "demo.log", cwd=folder)
    try:
        until("the end of the story", lambda: UP in command.said or command.process.poll() is not None, 150)
        assert command.process.poll() is None, command.said
        token = dotenv_values(home / "secrets.env")["ESIGN_SANDBOX_TOKEN"] or ""
        sandbox = Sandbox(dotenv_values(home / "running.env")["ESIGN_SANDBOX_URL"] or "", token)
        archive = {path.name: path.read_bytes() for path in sorted((home / "archive").glob("*.pdf"))}
        yield Told(folder, command, sandbox, token, archive, read_sheet(home / "people.csv"))
    finally:
        for each in (home, folder):
            end_all(each)
        if command.process.poll() is None:
            command.kill()


def test_nine_documents_are_in_the_archive(told: Told) -> None:
    assert len(told.archive) == 9
    assert len(list((told.folder / ".esign" / "demo" / "archive").rglob("*.pdf"))) == 9


def test_every_document_carries_a_valid_seal_over_the_whole_file(told: Told) -> None:
    authority = Certificate.load(pem.unarmor(told.sandbox.ca())[2])
    for name, document in told.archive.items():
        (signature,) = PdfFileReader(BytesIO(document)).embedded_signatures
        status = validate_pdf_signature(signature, ValidationContext(trust_roots=[authority], allow_fetching=False))
        assert status.bottom_line, name
        assert status.coverage.name == "ENTIRE_FILE", name


@pytest.mark.parametrize("program", [pytest.param(name, marks=needs(name)) for name in ("pdfsig", "qpdf", "pdftotext")])
def test_other_peoples_programs_agree(told: Told, program: str, tmp_path: Path) -> None:
    names = {person["esign document"]: person for person in told.completed}
    for name, document in told.archive.items():
        file = tmp_path / "document.pdf"
        file.write_bytes(document)
        LOOKS[program](file, names[name])


def signed_as_a_whole(file: Path, person: dict[str, str]) -> None:
    said = said_by("pdfsig", "-nocert", str(file))
    assert "Total document signed" in said, said
    assert "Signature is Valid" in said, said


def well_formed(file: Path, person: dict[str, str]) -> None:
    assert "No syntax or stream encoding errors found" in said_by("qpdf", "--check", str(file))


def names_company_and_both_signers(file: Path, person: dict[str, str]) -> None:
    text = " ".join(said_by("pdftotext", "-layout", str(file), "-").split())
    for name in (person["company"], person["signer_name"], person["our_name"]):
        assert name in text, name


LOOKS = {"pdfsig": signed_as_a_whole, "qpdf": well_formed, "pdftotext": names_company_and_both_signers}


def said_by(*command: str) -> str:
    answer = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def test_the_sheet_shows_in_eight_columns_what_became_of_each_row(told: Told) -> None:
    assert tuple(told.people[0])[-8:] == COLUMNS
    assert Counter(person["esign status"] for person in told.people) == {"completed": 9, "declined": 1, "refused": 2}
    for person in told.completed:
        assert person["esign document"] in told.archive
        assert person["company"] in person["esign document"]
        assert (person["esign problem"], person["esign waiting for"], person["esign next reminder"]) == ("", "", "")
        assert person["esign sent"]
        assert person["esign last event"].startswith("completed")
    assert len({person["esign document"] for person in told.completed}) == 9
    assert len({person["esign id"] for person in told.people if person["esign id"]}) == 10


def test_the_sheet_says_why_a_row_was_declined_or_refused(told: Told) -> None:
    problems = {
        person["company"] + person["esign status"]: person["esign problem"]
        for person in told.people
        if person["esign status"] != "completed"
    }
    assert "declines" in problems["Example Company 07declined"]
    assert "signer_email" in problems["Example Company 08refused"]
    assert "same as row 4" in problems["Example Company 03refused"]


def test_what_stood_in_the_sheet_before_is_untouched(told: Told) -> None:
    import cli

    before = read_sheet(Path(cli.__file__).with_name("demo_people.csv"))
    assert [{name: person[name] for name in before[0]} for person in told.people] == before


def test_the_sandbox_was_never_asked_how_a_request_stands(told: Told) -> None:
    counts = told.sandbox.counts()
    assert {name: counts.get(name, 0) for name in STATUS_QUERIES} == dict.fromkeys(STATUS_QUERIES, 0)
    assert counts["POST /esignatures/api/contracts"] == 10


def test_the_sandbox_holds_the_ten_good_rows_once_each_and_as_a_trial(told: Told) -> None:
    titles = Counter(one["title"] for one in told.sandbox.contracts())
    assert len(titles) == 10
    assert set(titles.values()) == {1}
    assert {one["test"] for one in told.sandbox.recent()} == {"yes"}


def test_the_other_company_signed_before_we_did(told: Told) -> None:
    states = Counter(
        tuple((one["order"], one["state"]) for one in contract["signers"]) for contract in told.sandbox.contracts()
    )
    assert states[((1, "signed"), (2, "signed"))] == 9
    assert sum(states.values()) == 10


def test_the_summary_says_how_many_how_long_and_where(told: Told) -> None:
    said = told.command.said
    home = told.folder / ".esign" / "demo"
    assert "9 completed, 1 declined, 2 refused" in said
    for there in (home / "archive", home / "people.csv", home / "ledger.db", f"{told.sandbox.url}/mailbox"):
        assert str(there) in said
    assert (home / "ledger.db").exists()
    assert "seconds" in said
    prefect = dotenv_values(home / "running.env")["PREFECT_API_URL"] or ""
    assert prefect.removesuffix("/api") in said


def test_ctrl_c_ends_the_kept_demo_and_everything_it_started(told: Told) -> None:
    """The last of this module: it takes the story down."""
    everybody = psutil.Process(told.command.process.pid).children(recursive=True)
    assert len(everybody) >= 4
    told.command.interrupt()
    begun = time.monotonic()
    assert told.command.end(30) == 0, told.command.said
    measured(f"The kept demo was down after {time.monotonic() - begun:.1f} s.")
    assert [one for one in everybody if one.is_running() and one.status() != psutil.STATUS_ZOMBIE] == []
    for home in (told.folder, told.folder / ".esign" / "demo"):
        assert names_of(processes_of(home)) == []
    assert "Traceback" not in told.command.said


@pytest.mark.slow
def test_it_can_be_told_again_and_ends_by_itself(told: Told) -> None:
    if told.command.process.poll() is None:
        told.command.interrupt()
        told.command.end(30)
    again = run("demo", env=demo_environment(told.folder), cwd=told.folder, within=150)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "9 completed, 1 declined, 2 refused" in again.stdout
    assert len(list((told.folder / ".esign" / "demo" / "archive").glob("*.pdf"))) == 9
    assert names_of(processes_of(told.folder / ".esign" / "demo")) == []
