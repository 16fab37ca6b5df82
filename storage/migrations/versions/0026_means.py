"""mean: the mean embedding of a team's messages under each encoder, which heads subtract.

Made of what is stored at the next refit.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mean",
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("encoder", sa.String(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("float32", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("team_id", "encoder"),
    )


def downgrade() -> None:
    op.drop_table("mean")
