"""workflows: channels in which posts by workflows, and by apps in the name of a user, are read too.

`scopenote`: of which scopes that an installation lacks operators were told.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("channel", sa.Column("workflows", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "scopenote",
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("lacking", sa.String(), nullable=False),
        sa.Column("told_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("team_id"),
    )


def downgrade() -> None:
    op.drop_table("scopenote")
    op.drop_column("channel", "workflows")
