"""choices: what operators chose for their team in Slack, and who edited a label there."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "choice",
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("set_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("team_id", "name"),
    )
    op.add_column("label", sa.Column("file_name", sa.String(), nullable=True))
    op.add_column("label", sa.Column("edited_by", sa.String(), nullable=True))
    op.add_column("label", sa.Column("edited_at", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("label", "edited_at")
    op.drop_column("label", "edited_by")
    op.drop_column("label", "file_name")
    op.drop_table("choice")
