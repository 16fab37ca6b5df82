"""none: predictions say how well any label fits, and below which likeness none does."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "floor",
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=True),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("basis", sa.String(length=16), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("made_of", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("team_id"),
    )
    op.add_column("prediction", sa.Column("likeness", sa.Float(), nullable=True))
    op.add_column("prediction", sa.Column("floor", sa.Float(), nullable=True))
    op.add_column("prediction", sa.Column("is_none", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    for column in ("is_none", "floor", "likeness"):
        op.drop_column("prediction", column)
    op.drop_table("floor")
