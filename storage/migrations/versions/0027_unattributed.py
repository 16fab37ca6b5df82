"""unattributed: reactions and posts by apps are stored before Slack is asked who their actor is."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unattributed",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("channel_id", sa.String(), nullable=False),
        sa.Column("ts", sa.String(), nullable=False),
        sa.Column("happened_at", sa.Float(), nullable=False),
        sa.Column("label_id", sa.String(), nullable=True),
        sa.Column("word", sa.String(length=16), nullable=True),
        sa.Column("app", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("edited_ts", sa.String(), nullable=False),
        sa.Column("is_mention", sa.Boolean(), nullable=False),
        sa.Column("is_left_alone", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.Float(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_unattributed_due", "unattributed", ["team_id", "due_at"])


def downgrade() -> None:
    op.drop_table("unattributed")
