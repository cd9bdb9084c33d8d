"""Opens providers for the accounts a run meets, each once, and closes them all at its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Self

from aiolimiter import AsyncLimiter

from blocks.accounts import account_settings
from connectors.signing.provider import Provider
from connectors.signing.registry import PROVIDERS

OpenAccount = Callable[[str, str], Awaitable[Provider]]
"""From a provider's word and an account's name to its client, not yet entered; a parameter wherever flows send."""


async def provider_for(provider: str, account: str) -> Provider:
    """The client of an account found in the environment or in Prefect. Raises `AccountNotFound`."""
    return PROVIDERS[provider](await account_settings(provider, account))


class Accounts:
    """The open clients of one run."""

    def __init__(self, open_account: OpenAccount = provider_for) -> None:
        self._open = open_account
        self._clients: dict[tuple[str, str], Provider] = {}
        self._limiters: dict[Provider, AsyncLimiter] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stack.aclose()

    async def client(self, provider: str, account: str) -> Provider:
        """The open client of this account."""
        if (provider, account) not in self._clients:
            client = await self._open(provider, account)
            self._clients[provider, account] = await self._stack.enter_async_context(client)
        return self._clients[provider, account]

    async def turn(self, provider: Provider) -> None:
        """Wait until the account's rate allows one more call."""
        limiter = self._limiters.setdefault(provider, AsyncLimiter(1, 1 / provider.settings.rate))
        await limiter.acquire()
