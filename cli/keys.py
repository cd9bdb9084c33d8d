"""The secrets of this home, made once and kept in a file only its owner reads; and the addresses of what runs now."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

MADE_HERE = ("ESIGN_RECEIVER_SECRET", "ESIGN_SANDBOX_TOKEN")


def keep_secrets(home: Path) -> dict[str, str]:
    """The home's own secrets: what the environment sets, else `secrets.env`, else made now and kept there.

    They outlive a stop on purpose: webhook addresses that providers already know are derived from them.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = {name: value for name, value in dotenv_values(home / "secrets.env").items() if value}
    missing = [name for name in MADE_HERE if not os.environ.get(name) and name not in kept]
    if missing:
        kept |= {name: secrets.token_hex(32) for name in missing}
        _write(home / "secrets.env", kept)
    return {name: os.environ.get(name) or kept[name] for name in MADE_HERE}


def publish(home: Path, addresses: Mapping[str, str]) -> None:
    """Write `running.env`, from which every other command on this machine learns where things are."""
    _write(home / "running.env", addresses)


def withdraw(home: Path) -> None:
    """Remove `running.env`: nothing runs any more."""
    (home / "running.env").unlink(missing_ok=True)


def _write(path: Path, values: Mapping[str, str]) -> None:
    text = "".join(f"{name}='{value}'\n" for name, value in values.items())
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)
