"""What a command needs before it begins, and what to do where it is missing."""

from __future__ import annotations

import os

from cli.failures import OutsideFailed
from cli.reach import answers
from ledger.settings import Settings, load_settings


def quiet_prefect() -> Settings:
    """The settings; to be called before Prefect is imported, which reads the environment then and never again.

    That is where the server is said to be, and that its own lines stay off the terminal: the run's page has them.
    """
    settings = load_settings()
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    return settings


async def require_prefect(settings: Settings) -> None:
    """Raise `OutsideFailed` unless the Prefect server answers that sendings are shown on."""
    if settings.api_url is None:
        raise OutsideFailed("No Prefect server is running here: start everything with `esign up`, then send again.")
    if not await answers(f"{settings.api_url}/health"):
        raise OutsideFailed(
            f"The Prefect server at {settings.api_url} does not answer: run `esign up`, then send again."
        )
