"""Roles of keys and when they were last used; the audit log, which is only added to."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

TIME = sa.DateTime(timezone=True)
NOTHING = "0" * 64  # the hash before the first entry


def upgrade() -> None:
    _add_roles()
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("key_name", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("documents", sa.JSON, nullable=False),
        sa.Column("subject", sa.Text),
        sa.Column("text", sa.Text),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
    )
    head = op.create_table(
        "audit_head",
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("kept_from", sa.BigInteger, nullable=False),
        sa.Column("kept_after", sa.Text, nullable=False),
    )
    op.bulk_insert(head, [{"number": 0, "hash": NOTHING, "kept_from": 1, "kept_after": NOTHING}])
    _forbid_changes(op.get_bind().dialect.name)


def _add_roles() -> None:
    """A key of before keeps what it could do, but one for some collections does not see what concerns all of them."""
    op.add_column("keys", sa.Column("role", sa.Text, nullable=False, server_default="reader"))
    op.add_column("keys", sa.Column("last_used_at", TIME))
    op.execute("UPDATE keys SET role = CASE WHEN collections IS NULL THEN 'admin' ELSE 'writer' END")


def _forbid_changes(dialect: str) -> None:
    expired = "OLD.number < (SELECT kept_from FROM audit_head)"
    if dialect == "sqlite":
        refuse = "SELECT RAISE(ABORT, 'the audit log is only added to')"
        op.execute(f"CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN {refuse}; END")
        op.execute(f"CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit WHEN NOT {expired} BEGIN {refuse}; END")
        return
    op.execute(
        "CREATE FUNCTION audit_only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP = 'DELETE' AND {expired} THEN RETURN OLD; END IF; "
        "RAISE EXCEPTION 'the audit log is only added to'; END $$"
    )
    op.execute("CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_only_added_to()")
