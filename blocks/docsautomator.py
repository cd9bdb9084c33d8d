"""A DocsAutomator workspace as Prefect saves it: the connector's settings, and its client."""

from __future__ import annotations

from typing import Any, ClassVar

from prefect.blocks.abstract import CredentialsBlock
from pydantic import HttpUrl

from connectors.signing.docsautomator import DocsAutomator, DocsAutomatorSettings


class DocsAutomatorCredentials(DocsAutomatorSettings, CredentialsBlock):
    """A workspace at DocsAutomator, in test mode unless told otherwise.

    Example:
        Load the account and hand a request to the provider:
        ```python
        from blocks.docsautomator import DocsAutomatorCredentials

        credentials = DocsAutomatorCredentials.load("BLOCK_NAME")
        client = credentials.get_client()
        ```
    """

    _block_type_name: ClassVar[str] = "DocsAutomator Credentials"
    _block_type_slug: ClassVar[str] = "esign-docsautomator"
    _documentation_url: ClassVar[HttpUrl] = HttpUrl(
        "https://docs.docsautomator.co/features/docsautomator-esign/docsautomator-esign-api-reference"
    )

    def get_client(self, *args: Any, **kwargs: Any) -> DocsAutomator:
        """The connector for this account; open it with `async with`."""
        return DocsAutomator(self)
