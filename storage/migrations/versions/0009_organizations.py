"""organizations: which workspaces belong to one that installed the app as a whole."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "organizationteam",
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("enterprise_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("team_id"),
    )
    op.create_index("ix_organizationteam_enterprise_id", "organizationteam", ["enterprise_id"])


def downgrade() -> None:
    op.drop_table("organizationteam")
