"""Run by Alembic: upgrades over the connection that `rag.catalog.schema.migrate` holds, inside its transaction and its lock."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
