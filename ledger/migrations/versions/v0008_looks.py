"""What a watched sheet looked like the last time, as hashes: a row that is the same on two looks may go out."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "looks",
        sa.Column("watch", sa.Text(), nullable=False),
        sa.Column("row_key", sa.Text(), nullable=False),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("watch", "row_key", name="pk_looks"),
    )
