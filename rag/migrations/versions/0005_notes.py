"""What was not read of a document, sentence by sentence, with the pages."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("contents", sa.Column("notes", sa.JSON))
