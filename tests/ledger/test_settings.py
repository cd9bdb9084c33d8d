"""Settings: what wins, what is refused, and that secrets print as stars."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ledger.settings import load_settings, read_settings

SECRET = "0123456789abcdef-new"
NAMES = ("ESIGN_HOME", "ESIGN_ENV_FILE", "ESIGN_PUBLIC_URL", "ESIGN_RECEIVER_SECRET", "ESIGN_SANDBOX_TOKEN",
         "ESIGN_SANDBOX_URL", "ESIGN_LEDGER_URL", "ESIGN_ARCHIVE", "PREFECT_API_URL")  # fmt: skip


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory and a home of our own; what the files set is forgotten afterwards."""
    for name in NAMES:
        monkeypatch.setenv(name, "")  # so that it is restored, whatever load_dotenv does to it
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ESIGN_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path


def test_without_anything_everything_lies_in_an_absolute_folder_of_the_user() -> None:
    settings = read_settings({})
    assert settings.home.is_absolute()
    assert settings.ledger_url == f"sqlite+aiosqlite:///{settings.home}/ledger.db"
    assert settings.receiver_secrets == ()


def test_the_environment_wins_over_files_and_the_working_directory_over_the_home(place: Path) -> None:
    (place / ".env").write_text("ESIGN_PUBLIC_URL=https://from.dotenv/\nESIGN_SANDBOX_URL=http://from.dotenv\n")
    (place / "home" / "running.env").write_text(
        "ESIGN_PUBLIC_URL=http://running\nESIGN_SANDBOX_TOKEN=running\nPREFECT_API_URL=http://127.0.0.1:4200/api\n"
    )
    (place / "home" / "secrets.env").write_text(f"ESIGN_SANDBOX_TOKEN=secret\nESIGN_RECEIVER_SECRET={SECRET}\n")
    os.environ["ESIGN_SANDBOX_URL"] = "http://from.environment"
    settings = load_settings()
    assert settings.public_url == "https://from.dotenv"
    assert settings.sandbox_url == "http://from.environment"
    assert settings.sandbox_token is not None
    assert settings.sandbox_token.get_secret_value() == "running"
    assert settings.receiver_secrets[0].get_secret_value() == SECRET
    assert os.environ["PREFECT_API_URL"] == settings.api_url == "http://127.0.0.1:4200/api"


@pytest.mark.parametrize(("named", "expected"), [("", None), ("other.env", "http://other")])
def test_another_file_may_take_the_place_of_dotenv(place: Path, named: str, expected: str | None) -> None:
    (place / ".env").write_text("ESIGN_PUBLIC_URL=http://from.dotenv\n")
    (place / "other.env").write_text("ESIGN_PUBLIC_URL=http://other\n")
    os.environ["ESIGN_ENV_FILE"] = named
    assert load_settings().public_url == expected


def test_secrets_come_newest_first_and_print_as_stars() -> None:
    settings = read_settings({"ESIGN_RECEIVER_SECRET": f"{SECRET}, {SECRET}-old", "ESIGN_SANDBOX_TOKEN": "token-x"})
    assert [one.get_secret_value() for one in settings.receiver_secrets] == [SECRET, f"{SECRET}-old"]
    assert SECRET not in repr(settings)
    assert "token-x" not in repr(settings)


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        ("sqlite:////var/ledger.db", "sqlite+aiosqlite:////var/ledger.db"),
        ("postgres://host/ledger", "postgresql+asyncpg://host/ledger"),
        ("postgresql+asyncpg://host/ledger", "postgresql+asyncpg://host/ledger"),
    ],
)
def test_common_ways_to_write_the_ledgers_address_are_understood(given: str, understood: str) -> None:
    assert read_settings({"ESIGN_LEDGER_URL": given}).ledger_url == understood


@pytest.mark.parametrize("archive", ["local-file-system/archive", "/srv/archive"])
def test_the_archive_is_a_block_or_an_absolute_folder(archive: str) -> None:
    assert read_settings({"ESIGN_ARCHIVE": archive}).archive == archive


def test_webhooks_are_kept_for_a_quarter_of_a_year_unless_told_otherwise() -> None:
    assert read_settings({}).keep_webhooks_days == 90
    assert read_settings({"ESIGN_KEEP_WEBHOOKS_DAYS": "0"}).keep_webhooks_days == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ESIGN_HOME", "relative/home"),
        ("ESIGN_LEDGER_URL", "sqlite:///ledger.db"),
        ("ESIGN_LEDGER_URL", "mysql://host/ledger"),
        ("ESIGN_PUBLIC_URL", "esign.example.com"),
        ("ESIGN_PUBLIC_URL", "ftp://esign.example.com"),
        ("ESIGN_PUBLIC_URL", "http://[broken"),
        ("ESIGN_RECEIVER_SECRET", "hunter2"),
        ("ESIGN_ARCHIVE", "./archive"),
        ("ESIGN_KEEP_WEBHOOKS_DAYS", "-30"),
        ("ESIGN_KEEP_WEBHOOKS_DAYS", "a month"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_with_its_name(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name} .*\.$") as caught:
        read_settings({name: value})
    assert value not in str(caught.value)
