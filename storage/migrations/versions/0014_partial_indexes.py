"""partial indexes of what waits, on SQLite: `WHERE due` is never used where a query asks for `due = 1`."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_message_waiting", "message", ["team_id", "received_at"], "waiting"),
    ("ix_card_due", "card", ["team_id", "due_at"], "due"),
    ("ix_summary_due", "summary", ["team_id", "due_at"], "due"),
)


def upgrade() -> None:
    _rewrite(" = 1")


def downgrade() -> None:
    _rewrite("")


def _rewrite(condition: str) -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    for name, table, columns, flag in INDEXES:
        op.drop_index(name, table_name=table)
        op.create_index(name, table, columns, sqlite_where=sa.text(flag + condition))
