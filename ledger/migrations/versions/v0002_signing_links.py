"""Signing links for reminders of our own, and the mark in a webhook's address."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the two columns."""
    op.add_column("signers", sa.Column("sign_url", sa.Text(), nullable=True))
    op.add_column("inbox", sa.Column("ref", sa.Text(), nullable=True))
