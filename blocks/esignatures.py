"""An eSignatures.com account as Prefect saves it: the connector's settings, and its client."""

from __future__ import annotations

from typing import Any, ClassVar

from prefect.blocks.abstract import CredentialsBlock
from pydantic import HttpUrl

from connectors.signing.esignatures import ESignatures, ESignaturesSettings


class ESignaturesCredentials(ESignaturesSettings, CredentialsBlock):
    """An account at eSignatures.com, in test mode unless told otherwise.

    Example:
        Load the account and hand a request to the provider:
        ```python
        from blocks.esignatures import ESignaturesCredentials

        credentials = ESignaturesCredentials.load("BLOCK_NAME")
        client = credentials.get_client()
        ```
    """

    _block_type_name: ClassVar[str] = "eSignatures Credentials"
    _block_type_slug: ClassVar[str] = "esign-esignatures"
    _documentation_url: ClassVar[HttpUrl] = HttpUrl("https://esignatures.com/docs/api")

    def get_client(self, *args: Any, **kwargs: Any) -> ESignatures:
        """The connector for this account; open it with `async with`."""
        return ESignatures(self)
