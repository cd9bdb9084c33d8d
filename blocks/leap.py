"""A Documill Leap account as Prefect saves it: the connector's settings, and its client."""

from __future__ import annotations

from typing import Any, ClassVar

from prefect.blocks.abstract import CredentialsBlock
from pydantic import HttpUrl

from connectors.signing.leap import Leap, LeapSettings


class LeapCredentials(LeapSettings, CredentialsBlock):
    """An account at Documill Leap, in test mode unless told otherwise.

    Example:
        Load the account and hand a request to the provider:
        ```python
        from blocks.leap import LeapCredentials

        credentials = LeapCredentials.load("BLOCK_NAME")
        client = credentials.get_client()
        ```
    """

    _block_type_name: ClassVar[str] = "Documill Leap Credentials"
    _block_type_slug: ClassVar[str] = "esign-leap"
    _documentation_url: ClassVar[HttpUrl] = HttpUrl(
        "https://support.documill.com/documill-leap/starting-a-signing-process"
    )

    def get_client(self, *args: Any, **kwargs: Any) -> Leap:
        """The connector for this account; open it with `async with`."""
        return Leap(self)
