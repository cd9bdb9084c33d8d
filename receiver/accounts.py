"""Finds the settings of an account: in the environment, else in its Prefect block, read over REST."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from connectors.signing.accounts import from_environment
from connectors.signing.provider import ProviderSettings
from connectors.signing.registry import PROVIDERS
from receiver.complaints import Complaints, Outage
from receiver.errors import SettingsUnavailable

FRESH_ABSENT = 5.0
"""Seconds until a block that is not there, or could not be read, is looked for again."""
STALE = 3600.0
"""Seconds the last values read go on being used while Prefect does not answer."""
OBSCURED = "*" * 8
"""What Prefect shows instead of a secret to whoever may not see it."""


@dataclass(frozen=True)
class _Known:
    """What Prefect said, when it said so, and until when it is not asked again."""

    settings: ProviderSettings | None
    read_at: float
    good_until: float
    unavailable: bool = False


class Accounts:
    """Settings by provider and account; those from a block are remembered for `fresh` seconds."""

    def __init__(self, env: Mapping[str, str], prefect: httpx.AsyncClient | None, fresh: float = 60.0) -> None:
        self._env = env
        self._prefect = prefect
        self._fresh = fresh
        self._given: dict[tuple[str, str], ProviderSettings] = {}
        self._known: dict[tuple[str, str], _Known] = {}
        self._locks: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._server = Outage("The Prefect server", "accounts kept there are used as last read")
        self._complaints = Complaints()

    async def settings(self, provider: str, account: str) -> ProviderSettings | None:
        """The account's settings, or `None` if there is no such account. Raises `SettingsUnavailable`."""
        if (given := self._given.get((provider, account))) is not None:
            return given
        try:
            settings = from_environment(provider, account, self._env)
        except ValueError:
            self._complaints.add(f"The environment variables of account {provider}/{account} cannot be used")
            raise SettingsUnavailable from None
        if settings is not None:
            self._given[provider, account] = settings
        if settings is not None or self._prefect is None:
            return settings
        async with self._locks[provider, account]:  # many deliveries at once ask Prefect once
            return await self._from_block(self._prefect, provider, account)

    async def _from_block(self, prefect: httpx.AsyncClient, provider: str, account: str) -> ProviderSettings | None:
        known = self._known.get((provider, account))
        if known is None or time.monotonic() >= known.good_until:
            known = self._known[provider, account] = await self._look(prefect, provider, account, known)
        if known.unavailable:
            raise SettingsUnavailable
        return known.settings

    async def _look(self, prefect: httpx.AsyncClient, provider: str, account: str, before: _Known | None) -> _Known:
        now = time.monotonic()
        try:
            settings = await self._read_block(prefect, provider, account)
        except SettingsUnavailable:
            if before is not None and before.settings is not None and now - before.read_at < STALE:
                return replace(before, good_until=now + FRESH_ABSENT)
            return _Known(None, now, now + FRESH_ABSENT, unavailable=True)
        return _Known(settings, now, now + (FRESH_ABSENT if settings is None else self._fresh))

    async def _read_block(self, prefect: httpx.AsyncClient, provider: str, account: str) -> ProviderSettings | None:
        """`GET /block_types/slug/{slug}/block_documents/name/{name}` (prefect 3.8.8, server/api/block_types.py)."""
        path = f"/block_types/slug/esign-{provider}/block_documents/name/{quote(account, safe='')}"
        try:
            answer = await prefect.get(path, params={"include_secrets": "true"})
        except httpx.HTTPError as problem:
            self._server.begins(type(problem).__name__)
            raise SettingsUnavailable from None
        if answer.status_code != httpx.codes.NOT_FOUND and not answer.is_success:
            self._server.begins(f"status {answer.status_code}")
            raise SettingsUnavailable
        self._server.ends()
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        try:
            data = answer.json()["data"]
            if _obscured(data):
                raise ValueError
            return PROVIDERS[provider].settings_class.model_validate(data)
        except (ValidationError, ValueError, KeyError, TypeError):
            self._complaints.add(f"The Prefect block esign-{provider}/{account} cannot be used")
            raise SettingsUnavailable from None


def _obscured(value: Any) -> bool:
    """Whether a secret came as stars, which anybody could sign a webhook with."""
    if isinstance(value, dict):
        return any(map(_obscured, value.values()))
    if isinstance(value, list):
        return any(map(_obscured, value))
    return isinstance(value, str) and value.startswith(OBSCURED)
