"""What cannot be applied is given up after three tries, so those that may still be news are found by three."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

LOST = "state = 'dead' AND tries >= 3"


def upgrade() -> None:
    """Make the index anew."""
    op.drop_index("ix_inbox_lost", "inbox")
    op.create_index(
        "ix_inbox_lost", "inbox", ["provider", "account"], sqlite_where=sa.text(LOST), postgresql_where=sa.text(LOST)
    )
