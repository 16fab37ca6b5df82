"""retention: for how many days a channel's messages are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("channel", sa.Column("keep_days", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("channel", "keep_days")
