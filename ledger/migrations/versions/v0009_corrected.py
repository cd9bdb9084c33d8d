"""What a request was planned with, as a hash, once one of its signers was corrected."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the column."""
    op.add_column("requests", sa.Column("planned_hash", sa.Text()))
