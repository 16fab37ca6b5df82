"""panels: a second dataset whose records two reviewers answer, and the mark by which a team's datasets are known."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

PANEL = sa.String(length=16)


def upgrade() -> None:
    op.add_column("dataset", sa.Column("panel", PANEL, nullable=False, server_default="single"))
    op.add_column("question", sa.Column("panel", PANEL, nullable=True))
    # Argilla has these already, or they were answered there.
    op.execute("UPDATE question SET panel = 'single' WHERE message_id IN (SELECT message_id FROM record)")
    op.execute("UPDATE question SET panel = 'single' WHERE message_id IN (SELECT message_id FROM answer)")
    op.add_column("erasure", sa.Column("mark", sa.String(), nullable=True))
    op.create_table(
        "ownership",
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("team_id"),
    )


def downgrade() -> None:
    # A release that knows one dataset would take this one for it; what was answered there it carries over.
    op.execute(
        "UPDATE dataset SET stage = 'moved' WHERE panel = 'double' AND stage IN ('current', 'filling')"
    )
    op.drop_table("ownership")
    op.drop_column("erasure", "mark")
    op.drop_column("question", "panel")
    op.drop_column("dataset", "panel")
