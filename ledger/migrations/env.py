"""What alembic runs: the steps on the connection `ledger.migrations.migrate` brought along."""

from alembic import context

from ledger.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
