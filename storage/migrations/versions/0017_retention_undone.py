"""retention undone: a shorter time for which a channel's messages are kept holds after a day."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("channel", sa.Column("next_days", sa.Integer(), nullable=True))
    op.add_column("channel", sa.Column("next_at", sa.Float(), nullable=True))
    op.add_column("channel", sa.Column("next_by", sa.String(), nullable=True))


def downgrade() -> None:
    for column in ("next_by", "next_at", "next_days"):
        op.drop_column("channel", column)
