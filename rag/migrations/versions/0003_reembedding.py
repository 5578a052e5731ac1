"""Room for the vectors of another embedder, beside those in use."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("collections", sa.Column("next_embedder", sa.JSON))
    op.create_table(
        "next_contents",
        sa.Column("content_id", ID, nullable=False, autoincrement=False),
        sa.Column("embedder", sa.Text, nullable=False),
        sa.Column("chunks", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("content_id", name="pk_next_contents"),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], name="fk_next_contents_content_id", ondelete="CASCADE"),
    )
    op.create_table(
        "next_chunks",
        sa.Column("content_id", ID, nullable=False, autoincrement=False),
        sa.Column("ordinal", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("page", sa.Integer, nullable=False),
        sa.Column("start", sa.Integer, nullable=False),
        sa.Column("end", sa.Integer, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.Column("windows", sa.LargeBinary, nullable=False),
        sa.Column("tokens", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("content_id", "ordinal", name="pk_next_chunks"),
        sa.ForeignKeyConstraint(["content_id"], ["next_contents.content_id"], name="fk_next_chunks_content_id", ondelete="CASCADE"),
    )
