"""What providers reached over HTTP have in common: one client, open between `async with`."""

from __future__ import annotations

from abc import abstractmethod
from typing import Self

import httpx
from pydantic import SecretStr

from connectors.signing.provider import Provider, ProviderSettings


class OverHttp(Provider):
    """A provider whose every verb is a call of `self.http`."""

    def __init__(self, settings: ProviderSettings) -> None:
        # Here, since it brings aiohttp, which is long to import, and a provider is asked what it can do far more often
        # than it is called.
        from connectors.signing.transport import Http

        self.settings = settings
        self.http = Http(
            self.title,
            settings.base_url,
            auth=self.authentication(settings),
            secrets=[value for value in dict(settings).values() if isinstance(value, SecretStr)],
            rules=self.rules,
            timeout_seconds=settings.timeout_seconds,
            concurrency=settings.concurrency,
        )

    @classmethod
    @abstractmethod
    def authentication(cls, settings: ProviderSettings) -> httpx.Auth:
        """How a call proves whose it is. Raises `TypeError` for the settings of another provider."""

    async def __aenter__(self) -> Self:
        await self.http.__aenter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.http.__aexit__(*exc_info)

    async def fetch(self, url: str) -> bytes:
        """Fetch a PDF from an address the provider named, without our key. Raises like `fetch_pdf`."""
        from connectors.signing.download import fetch_pdf  # brings aiohttp too

        return await fetch_pdf(
            url,
            allow_private=self.settings.allow_private_downloads,
            timeout_seconds=self.settings.timeout_seconds,
        )
