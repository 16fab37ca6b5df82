"""following: records are found newest first, and a dataset knows with which model its suggestions were compared."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

FOLLOWED = ("followed_version", "followed_revision")


def upgrade() -> None:
    op.add_column("record", sa.Column("received_at", sa.Float(), nullable=False, server_default="0"))
    received = "SELECT message.received_at FROM message WHERE message.id = record.message_id"
    op.execute(f"UPDATE record SET received_at = ({received})")  # noqa: S608
    op.create_index("ix_record_newest", "record", ["dataset_id", "received_at", "message_id", "round"])
    for name in FOLLOWED:
        op.add_column("dataset", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    # An earlier release doesn't know questions after an edit in quiet mode.
    op.execute("DELETE FROM notice WHERE news = 'still'")
    for name in FOLLOWED:
        op.drop_column("dataset", name)
    op.drop_index("ix_record_newest", table_name="record")
    op.drop_column("record", "received_at")
