"""Finds an account by its name: in the environment for a quick start, else as a block saved in Prefect."""

from __future__ import annotations

import os
from collections.abc import Mapping

import httpx
from prefect.blocks.core import Block
from prefect.settings import get_current_settings

from connectors.signing.accounts import SANDBOX, from_environment, missing
from connectors.signing.provider import ProviderSettings
from connectors.signing.registry import PROVIDERS


class AccountNotFound(Exception):
    """No such account; the message names the variables or the block to set, and nothing else."""

    public = True


async def account_settings(provider: str, account: str, env: Mapping[str, str] | None = None) -> ProviderSettings:
    """The settings of `account` at `provider`: from `env` (the process environment), else from the block
    `esign-<provider>/<account>`. Raises `AccountNotFound` with the sentence that says what to set."""
    settings = from_environment(provider, account, os.environ if env is None else env)
    if settings is not None:
        return settings
    # Without a server Prefect would start one of its own for this look, which takes seconds and knows no blocks.
    if account == SANDBOX or get_current_settings().api.url is None:
        raise AccountNotFound(missing(provider, account))
    try:
        block = await Block.aload(f"esign-{provider}/{account}")
    except httpx.HTTPError:
        raise AccountNotFound(
            f"The Prefect server does not answer, so the account '{account}' saved there cannot be read: "
            "start it with `esign up`, or correct PREFECT_API_URL."
        ) from None
    except Exception:
        # Prefect says "unable to find block document" as a ValueError.
        raise AccountNotFound(missing(provider, account)) from None
    if not isinstance(block, PROVIDERS[provider].settings_class):
        raise AccountNotFound(missing(provider, account))
    return block
