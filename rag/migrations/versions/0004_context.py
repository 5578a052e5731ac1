"""A chunk's context is stored; the vectors of its windows are not any more: a transformer's own vector finds what they found."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for table in ("chunks", "next_chunks"):
        op.add_column(table, sa.Column("context", sa.Text, nullable=False, server_default=""))
        op.drop_column(table, "windows")
