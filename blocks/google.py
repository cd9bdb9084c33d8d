"""A Google account for sheets as Prefect saves it, handed to the connector where it is needed."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import httpx
from gspread import Client
from prefect.blocks.abstract import CredentialsBlock
from prefect.settings import get_current_settings
from prefect.types import SecretDict
from pydantic import Field, HttpUrl

from connectors.sheets.errors import SheetError
from connectors.sheets.google.handing import BLOCK, hand_over


class GoogleSheetsCredentials(CredentialsBlock):
    """A Google account that sheets are shared with: a service account, or a person's consent kept by gspread.

    Example:
        Load the account and use gspread with it:
        ```python
        from blocks.google import GoogleSheetsCredentials

        credentials = GoogleSheetsCredentials.load("BLOCK_NAME")
        client = credentials.get_client()
        ```
    """

    _block_type_name: ClassVar[str] = "Google Sheets Credentials"
    _block_type_slug: ClassVar[str] = "esign-google-sheets"
    _documentation_url: ClassVar[HttpUrl] = HttpUrl("https://docs.gspread.org/en/latest/oauth2.html")

    key: SecretDict = Field(
        description="The JSON of a service account's key, or of the file that gspread.oauth has kept."
    )

    def get_client(self, *args: Any, **kwargs: Any) -> Client:
        """gspread's client for this account, for sheets alone. Raises `SheetError` if the key is none."""
        from connectors.sheets.google.credentials import open_account

        return Client(open_account(self.as_text(), f"The block {BLOCK}").credentials)

    def as_text(self) -> str:
        """The key as Google writes it."""
        return json.dumps(self.key.get_secret_value())


async def hand_over_saved() -> None:
    """Hand the account saved as `esign-google-sheets/default` to the connector, if there is one.

    Raises `SheetError` if Prefect does not answer.
    """
    if get_current_settings().api.url is None:  # Prefect would start a server of its own, which knows no blocks
        return
    try:
        block: object = await GoogleSheetsCredentials.aload(BLOCK.partition("/")[2])
    except httpx.HTTPError:
        problem = f"The Prefect server does not answer, so the block {BLOCK} cannot be read: start it with `esign up`."
    except Exception:
        return  # Prefect says "unable to find block document" as a ValueError
    else:
        if isinstance(block, GoogleSheetsCredentials):
            hand_over(block.as_text())
        return
    raise SheetError(problem)
