"""The oldest document that shows a content is found without looking at the others."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_index("ix_documents_shown", "documents", ["content_id", "created_at", "id"])
    op.drop_index("ix_documents_content_id", "documents")
