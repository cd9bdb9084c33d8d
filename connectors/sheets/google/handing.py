"""Takes the key of a Google account from where connectors cannot look: a Prefect block, or the process that started
this one."""

from __future__ import annotations

import os
from collections.abc import Mapping

KEY_FILE = "ESIGN_GOOGLE_KEY_FILE"
BLOCK = "esign-google-sheets/default"


class _Handed:
    key: str | None = None


def hand_over(key: str | None) -> None:
    """Use this key (Google's JSON) in this process where the environment names none; it is kept in memory alone."""
    _Handed.key = key


def handed_over() -> str | None:
    """The key that was handed over, to pass it on to a process of ours that has no Prefect."""
    return _Handed.key


def is_missing(env: Mapping[str, str] = os.environ) -> bool:
    """Whether no key is known in this process."""
    return not env.get(KEY_FILE, "").strip() and _Handed.key is None
