"""Brings a ledger's tables to the version this program writes."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from ledger.errors import LedgerTooNew

HEAD = "0009"
"""The newest step in `versions/`; a test keeps the two equal."""


def is_current(connection: Connection) -> bool:
    """Whether there is nothing to do; alembic is imported only when there is."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none() == HEAD


def migrate(connection: Connection) -> None:
    """Take the missing steps inside the caller's transaction, so that a crash leaves the old version whole.

    Raises `LedgerTooNew` for a version this program does not know.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError:
        raise LedgerTooNew("A newer version of this program has written the ledger; update this one.") from None
