"""lanes: for which messages, and for which of their cards, a person waits."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

LANE = sa.Enum("asked", "heard", native_enum=False, length=16)


def upgrade() -> None:
    for table in ("message", "card"):
        op.add_column(table, sa.Column("lane", LANE, nullable=False, server_default="heard"))
    op.drop_index("ix_message_waiting", table_name="message")
    _index("team_id", "lane", "received_at")


def downgrade() -> None:
    op.drop_index("ix_message_waiting", table_name="message")
    _index("team_id", "received_at")
    for table in ("message", "card"):
        op.drop_column(table, "lane")


def _index(*columns: str) -> None:
    op.create_index(
        "ix_message_waiting",
        "message",
        list(columns),
        sqlite_where=sa.text("waiting = 1"),
        postgresql_where=sa.text("waiting"),
    )
