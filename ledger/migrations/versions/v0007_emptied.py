"""What is long dealt with is emptied: the fingerprint of its text stays, and an index finds what comes next."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

KEPT = "state IN ('done', 'unmatched') AND body_sha256 IS NULL"


def upgrade() -> None:
    """Add the column and the index."""
    op.add_column("inbox", sa.Column("body_sha256", sa.Text()))
    op.create_index(
        "ix_inbox_kept", "inbox", ["received_at"], sqlite_where=sa.text(KEPT), postgresql_where=sa.text(KEPT)
    )
