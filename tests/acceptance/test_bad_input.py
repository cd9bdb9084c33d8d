"""Bad input gets one sentence that says what to do, and the exit code that belongs to it; nothing needs to run."""

from __future__ import annotations

import resource
import shutil
import socket
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

import cli
from tests.acceptance.house import ESIGN, environment, run, write_sheet

pytestmark = pytest.mark.slow

DEMO_SHEET = Path(cli.__file__).with_name("demo_people.csv")
SANDBOX = {"ESIGN_SANDBOX_URL": "http://127.0.0.1:9", "ESIGN_SANDBOX_TOKEN": "a-token-nobody-has"}


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An account that needs no server for a plan."""
    return environment(tmp_path / "home", **SANDBOX)


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    return write_sheet(tmp_path / "people.csv", "BI", 2)


def said(answer: subprocess.CompletedProcess[str], code: int) -> str:
    """The one sentence on standard error."""
    assert answer.returncode == code, answer.stdout + answer.stderr
    assert "Traceback" not in answer.stdout + answer.stderr
    (line,) = answer.stderr.splitlines()
    assert line == line.strip()
    assert not line[0].islower()
    assert line.endswith((".", "?"))
    return line


@pytest.mark.parametrize("verb", ["plan", "send"])
def test_a_recipe_there_is_not(env: dict[str, str], sheet: Path, verb: str) -> None:
    sentence = said(run(verb, "ndaa", str(sheet), env=env), 2)
    assert "'ndaa'" in sentence
    assert "did you mean nda" in sentence


def test_a_sheet_there_is_not(env: dict[str, str], tmp_path: Path) -> None:
    sentence = said(run("plan", "nda", str(tmp_path / "people.csv"), env=env), 2)
    assert "people.csv" in sentence


def test_a_sheet_without_required_columns_hears_which_and_which_it_has(env: dict[str, str], tmp_path: Path) -> None:
    sheet = tmp_path / "people.csv"
    sheet.write_text("company,signer_name,postcode\nExample Company 01,Signer One,1000\n", encoding="utf-8")
    sentence = said(run("plan", "nda", str(sheet), env=env), 2)
    for name in ("signer_email", "our_company", "our_name", "our_email", "purpose"):
        assert name in sentence, "the missing ones"
    for name in ("company", "signer_name", "postcode"):
        assert name in sentence, "what it has"


def test_an_unreadable_recipe_hears_file_and_line(env: dict[str, str], tmp_path: Path, sheet: Path) -> None:
    recipe = tmp_path / "broken"
    recipe.mkdir()
    (recipe / "recipe.yaml").write_text("id: broken\ntitle: [one, two\nkey: x\n", encoding="utf-8")
    sentence = said(run("plan", str(recipe), str(sheet), env=env), 2)
    assert "broken/recipe.yaml" in sentence
    assert any(f"line {number}" in sentence or f":{number}" in sentence for number in (2, 3, 4))


@pytest.mark.parametrize(
    ("account", "hints"),
    [
        ("sandbox", ("esign up", "ESIGN_SANDBOX_URL", "ESIGN_SANDBOX_TOKEN")),
        ("default", ("ESIGN_ESIGNATURES_API_TOKEN", "esign-esignatures/default")),
        ("sales", ("'sales'", "esign-esignatures/sales")),
    ],
)
def test_an_account_without_credentials_hears_which_variable_or_block(
    tmp_path: Path, sheet: Path, account: str, hints: tuple[str, ...]
) -> None:
    before = work_of_commands()
    answer = run("plan", "nda", str(sheet), "--account", account, env=environment(tmp_path / "home"))
    seconds = work_of_commands() - before
    sentence = said(answer, 2)
    for hint in hints:
        assert hint in sentence
    assert not (tmp_path / "home.prefect" / "prefect.db").exists(), "a Prefect server was started for this"
    assert seconds <= 8, f"It took {seconds:.1f} s."


def work_of_commands() -> float:
    """Seconds of processor time of all commands that have ended: what else this machine does is left out."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


@pytest.mark.parametrize("option", ["--prefect-port", "--sandbox-port", "--receiver-port"])
def test_a_taken_port_hears_which_option_chooses_another(tmp_path: Path, option: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        sentence = said(run("up", option, port, *others(option), env=environment(tmp_path / "home")), 2)
    assert port in sentence
    assert option in sentence


def others(option: str) -> list[str]:
    """Free ports for the rest, whatever runs on this machine."""
    words = []
    for name in {"--prefect-port", "--sandbox-port", "--receiver-port"} - {option}:
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            words += [name, str(free.getsockname()[1])]
    return words


@pytest.mark.parametrize("verb", [("up",), ("status",), ("plan", "nda", "people.csv")])
def test_a_home_that_is_not_absolute(tmp_path: Path, verb: tuple[str, ...]) -> None:
    env = environment(tmp_path) | {"ESIGN_HOME": "here"}
    sentence = said(run(*verb, env=env, cwd=tmp_path), 2)
    assert "ESIGN_HOME" in sentence
    assert "absolute" in sentence
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize("verb", [("up",), ("status",), ("plan", "nda", str(DEMO_SHEET))])
def test_a_home_that_is_a_file(tmp_path: Path, verb: tuple[str, ...]) -> None:
    (tmp_path / "home").write_text("not a folder", encoding="utf-8")
    sentence = said(run(*verb, env=environment(tmp_path / "home", **SANDBOX), cwd=tmp_path), 2)
    assert str(tmp_path / "home") in sentence


def test_a_value_that_cannot_be_used(tmp_path: Path) -> None:
    sentence = said(run("status", env=environment(tmp_path / "home", ESIGN_LEDGER_URL="mysql://x/y")), 2)
    assert "ESIGN_LEDGER_URL" in sentence


def test_a_ledger_that_cannot_be_reached_is_the_outside_that_failed(tmp_path: Path) -> None:
    env = environment(tmp_path / "home", ESIGN_LEDGER_URL="postgresql://127.0.0.1:9/ledger")
    assert "ledger" in said(run("status", env=env), 3)


def test_a_command_there_is_not(env: dict[str, str]) -> None:
    sentence = said(run("plna", env=env), 2)
    assert "plna" in sentence


def test_an_option_there_is_not(env: dict[str, str], sheet: Path) -> None:
    sentence = said(run("plan", "nda", str(sheet), "--skip-good", env=env), 2)
    assert "--skip-good" in sentence


def test_a_plan_with_bad_rows_ends_with_one_and_leaves_the_sheet_alone(env: dict[str, str], tmp_path: Path) -> None:
    sheet = tmp_path / "people.csv"
    shutil.copy(DEMO_SHEET, sheet)
    answer = run("plan", "nda", str(sheet), env=env)
    sentence = said(answer, 1)
    assert "2 of 12" in sentence
    assert "--skip-bad" in sentence
    assert "10 to send, 1 duplicate, 1 refused" in answer.stdout
    assert sheet.read_bytes() == DEMO_SHEET.read_bytes()


def test_a_plan_without_bad_rows_is_fine(env: dict[str, str], sheet: Path) -> None:
    answer = run("plan", "nda", str(sheet), env=env)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "2 to send\n" in answer.stdout


def test_sending_without_a_prefect_server_says_how_to_start_one(
    tmp_path: Path, env: dict[str, str], sheet: Path
) -> None:
    sentence = said(run("send", "nda", str(sheet), env=env), 3)
    assert "esign up" in sentence
    with closing(sqlite3.connect(tmp_path / "home" / "ledger.db")) as ledger:
        assert ledger.execute("SELECT count(*) FROM requests").fetchone() == (0,)


def test_debug_shows_where_it_happened(env: dict[str, str], sheet: Path) -> None:
    answer = run("plan", "ndaa", str(sheet), "--debug", env=env)
    assert answer.returncode != 0
    assert "Traceback" in answer.stderr
    assert "RecipeError" in answer.stderr


def test_a_reader_that_goes_away_is_no_failure(env: dict[str, str]) -> None:
    piped = f"set -o pipefail; '{ESIGN}' recipes list | true"
    answer = subprocess.run(["bash", "-c", piped], env=env, capture_output=True, text=True, timeout=100)
    assert (answer.returncode, answer.stderr) == (0, "")
