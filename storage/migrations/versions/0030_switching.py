"""switching: a run can switch to another encoder instead of training."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run", sa.Column("encoder", sa.String(), nullable=True))


def downgrade() -> None:
    # An earlier release would train what is a switch, and doesn't know that messages are in other languages.
    op.execute(
        "UPDATE run SET phase = 'failed' WHERE encoder IS NOT NULL AND phase IN ('waiting', 'training')"
    )
    op.execute("DELETE FROM notice WHERE news = 'foreign'")
    op.drop_column("run", "encoder")
