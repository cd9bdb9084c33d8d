"""Indexes for ledgers with millions of rows: what needs a person, what was sent again, what may still be news."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

NEEDS_A_PERSON = (
    "state IN ('failed', 'uncertain', 'declined', 'expired')"
    " OR (problem IS NOT NULL AND state NOT IN ('planned', 'sending'))"
)


def upgrade() -> None:
    """Add the indexes."""
    _only("ix_requests_person", "requests", ["batch_id", "row"], NEEDS_A_PERSON)
    _only("ix_requests_later", "requests", ["batch_id", "mode", "campaign", "key", "round"], "round >= 2")
    _only("ix_inbox_lost", "inbox", ["provider", "account"], "state = 'dead' AND tries >= 5")
    _only("ix_effects_stuck", "effects", ["id"], "state = 'due' AND tries >= 10")
    op.create_index("ix_batches_frozen_at_id", "batches", ["frozen_at", "id"])
    op.create_index("ix_batches_provider_account_mode", "batches", ["provider", "account", "mode"])


def _only(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
