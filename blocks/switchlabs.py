"""A Switch Labs eSign account as Prefect saves it: the connector's settings, and its client."""

from __future__ import annotations

from typing import Any, ClassVar

from prefect.blocks.abstract import CredentialsBlock
from pydantic import HttpUrl

from connectors.signing.switchlabs import SwitchLabs, SwitchLabsSettings


class SwitchLabsCredentials(SwitchLabsSettings, CredentialsBlock):
    """An account at Switch Labs eSign; the provider has no test mode, so what is sent there binds people.

    Example:
        Load the account and hand a request to the provider:
        ```python
        from blocks.switchlabs import SwitchLabsCredentials

        credentials = SwitchLabsCredentials.load("BLOCK_NAME")
        client = credentials.get_client()
        ```
    """

    _block_type_name: ClassVar[str] = "Switch Labs eSign Credentials"
    _block_type_slug: ClassVar[str] = "esign-switchlabs"
    _documentation_url: ClassVar[HttpUrl] = HttpUrl("https://www.switchlabs.dev/esign/docs")

    def get_client(self, *args: Any, **kwargs: Any) -> SwitchLabs:
        """The connector for this account; open it with `async with`."""
        return SwitchLabs(self)
