"""A Lumin account as Prefect saves it: the connector's settings, and its client."""

from __future__ import annotations

from typing import Any, ClassVar

from prefect.blocks.abstract import CredentialsBlock
from pydantic import HttpUrl

from connectors.signing.lumin import Lumin, LuminSettings


class LuminCredentials(LuminSettings, CredentialsBlock):
    """An account at Lumin.

    Example:
        Load the account and hand a request to the provider:
        ```python
        from blocks.lumin import LuminCredentials

        credentials = LuminCredentials.load("BLOCK_NAME")
        client = credentials.get_client()
        ```
    """

    _block_type_name: ClassVar[str] = "Lumin Credentials"
    _block_type_slug: ClassVar[str] = "esign-lumin"
    _documentation_url: ClassVar[HttpUrl] = HttpUrl(
        "https://developers.luminpdf.com/tabs/api-reference/api/signature-requests/send-signature-request"
    )

    def get_client(self, *args: Any, **kwargs: Any) -> Lumin:
        """The connector for this account; open it with `async with`."""
        return Lumin(self)
