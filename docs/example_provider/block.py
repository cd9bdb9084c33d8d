"""An Example Sign account as Prefect saves it: the connector's settings, and its client."""

from __future__ import annotations

from typing import Any, ClassVar

from prefect.blocks.abstract import CredentialsBlock
from pydantic import HttpUrl

from docs.example_provider.examplesign import ExampleSign, ExampleSignSettings


class ExampleSignCredentials(ExampleSignSettings, CredentialsBlock):
    """An account at Example Sign, in test mode unless told otherwise.

    Example:
        Load the account and hand a request to the provider:
        ```python
        from docs.example_provider.block import ExampleSignCredentials

        credentials = ExampleSignCredentials.load("BLOCK_NAME")
        client = credentials.get_client()
        ```
    """

    _block_type_name: ClassVar[str] = "Example Sign Credentials"
    _block_type_slug: ClassVar[str] = "esign-examplesign"
    _documentation_url: ClassVar[HttpUrl] = HttpUrl("https://api.example.com/v2")

    def get_client(self, *args: Any, **kwargs: Any) -> ExampleSign:
        """The connector for this account; open it with `async with`."""
        return ExampleSign(self)
