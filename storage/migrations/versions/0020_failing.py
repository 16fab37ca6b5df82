"""failing: since when work that never pauses has failed."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job", sa.Column("failing_since", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("job", "failing_since")
