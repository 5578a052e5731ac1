"""How far parsing is, which pages are damaged, and whether a retry can help."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("contents", sa.Column("damaged", sa.JSON))
    op.add_column("documents", sa.Column("pages_read", sa.Integer, nullable=False, server_default="0"))
    op.add_column("documents", sa.Column("pages_total", sa.Integer))
    op.add_column("documents", sa.Column("retry_helps", sa.Boolean))
