"""offers: questions offer a set of labels, and a dataset knows with which floor its suggestions were compared."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("prediction", sa.Column("offered", sa.Integer(), nullable=True))
    op.add_column("floor", sa.Column("offers_at", sa.Float(), nullable=True))
    op.add_column("floor", sa.Column("offers_share", sa.Float(), nullable=False, server_default="0"))
    op.add_column("floor", sa.Column("questions", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("dataset", sa.Column("followed_floor", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("dataset", "followed_floor")
    for column in ("questions", "offers_share", "offers_at"):
        op.drop_column("floor", column)
    op.drop_column("prediction", "offered")
