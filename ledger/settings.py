"""Where things are and what they are called, read once from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import load_dotenv
from platformdirs import user_data_path
from pydantic import BaseModel, ConfigDict, SecretStr

_BLOCK = re.compile(r"[a-z0-9-]+/[a-z0-9-]+")


class Settings(BaseModel):
    """The settings of this process; secrets print as stars."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    home: Path
    """`ESIGN_HOME`: the absolute folder everything of ours lives in; a per-user one, never the working directory."""
    ledger_url: str
    """`ESIGN_LEDGER_URL`: SQLAlchemy address with an async driver; a SQLite file in `home` unless told otherwise."""
    public_url: str | None = None
    """`ESIGN_PUBLIC_URL`: where the receiver is reached from outside, without a slash at its end."""
    receiver_secrets: tuple[SecretStr, ...] = ()
    """`ESIGN_RECEIVER_SECRET`: comma separated, the newest first; older ones stay valid while being exchanged."""
    sandbox_url: str | None = None
    """`ESIGN_SANDBOX_URL`: where the sandbox answers."""
    sandbox_token: SecretStr | None = None
    """`ESIGN_SANDBOX_TOKEN`: the key of the sandbox's account."""
    archive: str | None = None
    """`ESIGN_ARCHIVE`: a Prefect file-system block (`type-slug/name`) or a folder; `home`/archive when not set."""
    mail: str | None = None
    """`ESIGN_MAIL`: the Prefect block our own reminders go out through (`type-slug/name`)."""
    mail_from: str | None = None
    """`ESIGN_MAIL_FROM`: the address they come from; the block's user name when not set."""
    notify: str | None = None
    """`ESIGN_NOTIFY`: the Prefect notification block that tells the owner what needs an eye (`type-slug/name`)."""
    keep_webhooks_days: int = 90
    """`ESIGN_KEEP_WEBHOOKS_DAYS`: how long the text of a webhook is kept once it is dealt with; 0 is for ever."""
    metrics_token: SecretStr | None = None
    """`ESIGN_METRICS_TOKEN`: what a bearer has to show to see the receiver's figures; without it nobody does."""
    trusted_proxies: tuple[str, ...] = ()
    """`ESIGN_TRUSTED_PROXIES`: comma separated addresses or networks of proxies before the receiver; what they say of
    where a call comes from is believed."""
    api_url: str | None = None
    """`PREFECT_API_URL`: the Prefect server, with its `/api`."""


def load_settings(*, running: bool = True) -> Settings:
    """Read the settings; whatever is set in the environment wins.

    Then comes `.env` of the working directory (or the file `ESIGN_ENV_FILE` names, none if that is empty), then
    `running.env` and `secrets.env` in the home folder: the addresses of what runs and the secrets made for it, both
    written by the command. The files are loaded into the environment, so that Prefect and the accounts see them too.
    `running=False` leaves out the addresses, for the command that is about to make them. Raises `ValueError` with one
    sentence for a value that cannot be used.
    """
    own = os.environ.get("ESIGN_ENV_FILE")
    if own is None:
        load_dotenv(Path.cwd() / ".env", override=False)
    elif own.strip():
        load_dotenv(Path(own).expanduser(), override=False)
    home = _home(os.environ)
    if running:
        load_dotenv(home / "running.env", override=False)
    load_dotenv(home / "secrets.env", override=False)
    return read_settings(os.environ)


def read_settings(env: Mapping[str, str]) -> Settings:
    """The same from a mapping alone, without reading any file."""
    home = _home(env)
    token = _text(env, "ESIGN_SANDBOX_TOKEN")
    return Settings(
        home=home,
        ledger_url=_ledger_url(env, home),
        public_url=_address(env, "ESIGN_PUBLIC_URL"),
        receiver_secrets=_secrets(env, "ESIGN_RECEIVER_SECRET"),
        sandbox_url=_address(env, "ESIGN_SANDBOX_URL"),
        sandbox_token=SecretStr(token) if token else None,
        archive=_archive(env),
        mail=_block(env, "ESIGN_MAIL", "email-server-credentials/office"),
        mail_from=_text(env, "ESIGN_MAIL_FROM"),
        notify=_block(env, "ESIGN_NOTIFY", "slack-webhook/contracts"),
        keep_webhooks_days=_days(env, "ESIGN_KEEP_WEBHOOKS_DAYS", 90),
        metrics_token=next(iter(_secrets(env, "ESIGN_METRICS_TOKEN")), None),
        trusted_proxies=_networks(env, "ESIGN_TRUSTED_PROXIES"),
        api_url=_address(env, "PREFECT_API_URL"),
    )


def _text(env: Mapping[str, str], name: str) -> str | None:
    return env.get(name, "").strip() or None


def _home(env: Mapping[str, str]) -> Path:
    given = _text(env, "ESIGN_HOME")
    if given is None:
        return user_data_path("prefect-esign", appauthor=False)
    home = Path(given).expanduser()
    if not home.is_absolute():
        raise ValueError("ESIGN_HOME must be an absolute path, so that every process finds the same ledger.")
    if home.exists() and not home.is_dir():
        raise ValueError(f"ESIGN_HOME names {home}, which is no folder: choose another, or move that file away.")
    return home


def _ledger_url(env: Mapping[str, str], home: Path) -> str:
    given = _text(env, "ESIGN_LEDGER_URL")
    if given is None:
        return f"sqlite+aiosqlite:///{home / 'ledger.db'}"
    scheme, separator, rest = given.partition("://")
    if separator and scheme in {"sqlite", "sqlite+aiosqlite"}:
        if not Path(rest.partition("?")[0].removeprefix("/")).is_absolute():
            raise ValueError("ESIGN_LEDGER_URL must name an absolute file: sqlite+aiosqlite:////folder/ledger.db.")
        return f"sqlite+aiosqlite://{rest}"
    if separator and scheme in {"postgres", "postgresql", "postgresql+asyncpg"}:
        return f"postgresql+asyncpg://{rest}"
    raise ValueError("ESIGN_LEDGER_URL must start with sqlite+aiosqlite:/// or postgresql+asyncpg://.")


def _archive(env: Mapping[str, str]) -> str | None:
    given = _text(env, "ESIGN_ARCHIVE")
    if given is None or _BLOCK.fullmatch(given):
        return given
    folder = Path(given).expanduser()
    if not folder.is_absolute():
        raise ValueError("ESIGN_ARCHIVE must be an absolute folder or a Prefect block, like local-file-system/archive.")
    return str(folder)


def _block(env: Mapping[str, str], name: str, example: str) -> str | None:
    given = _text(env, name)
    if given is None or _BLOCK.fullmatch(given):
        return given
    raise ValueError(f"{name} must name a Prefect block, like {example}.")


def _days(env: Mapping[str, str], name: str, default: int) -> int:
    given = _text(env, name)
    if given is None:
        return default
    if not re.fullmatch(r"[0-9]{1,5}", given):
        raise ValueError(f"{name} must be a whole number of days; 0 is for ever.")
    return int(given)


def _address(env: Mapping[str, str], name: str) -> str | None:
    given = _text(env, name)
    if given is None:
        return None
    try:
        parts = urlsplit(given)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{name} must be an address that starts with http:// or https://.")
    return given.rstrip("/")


def _networks(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in env.get(name, "").split(",") if part.strip())
    try:
        return tuple(str(ip_network(part, strict=False)) for part in parts)
    except ValueError:
        problem = ValueError(f"{name} must hold addresses or networks, comma separated, like 10.0.0.0/8.")
    raise problem


def _secrets(env: Mapping[str, str], name: str) -> tuple[SecretStr, ...]:
    """Comma separated secrets; short ones are refused, since anybody could guess them."""
    parts = [part.strip() for part in env.get(name, "").split(",") if part.strip()]
    if any(len(part) < 16 for part in parts):
        raise ValueError(f"{name} holds a secret shorter than 16 characters; take one from `openssl rand -hex 32`.")
    return tuple(SecretStr(part) for part in parts)
