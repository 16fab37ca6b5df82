"""modes: how each answer was shown, so that those which nobody saw are not taken for right ones."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MODE = sa.String(length=16)


def upgrade() -> None:
    op.add_column("prediction", sa.Column("mode", MODE, nullable=True))
    op.execute(
        "UPDATE prediction SET mode = (SELECT message.mode FROM message WHERE message.id = prediction.message_id)"
    )
    with op.batch_alter_table("prediction") as prediction:
        prediction.alter_column("mode", existing_type=MODE, nullable=False)
    op.drop_index("ix_prediction_team", table_name="prediction")
    op.create_index("ix_prediction_team", "prediction", ["team_id", "created_at", "mode"])


def downgrade() -> None:
    op.drop_index("ix_prediction_team", table_name="prediction")
    op.create_index("ix_prediction_team", "prediction", ["team_id", "created_at"])
    op.drop_column("prediction", "mode")
