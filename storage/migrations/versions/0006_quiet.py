"""quiet mode: which emoji stands on a message as the bot's answer."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("card", sa.Column("reaction", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("card", "reaction")
