"""responses: accidental ones are set aside, bulk ones marked; and records know what they suggest.

`record.suggested` and `record.vector` are unknown of earlier records: they are sent once more, in the background.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accidentalresponse",
        sa.Column("response_id", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("reviewer", sa.String(), nullable=False),
        sa.Column("label_id", sa.String(), nullable=False),
        sa.Column("answered_at", sa.Float(), nullable=False),
        sa.Column("asked_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"]),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"]),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"]),
        sa.PrimaryKeyConstraint("response_id"),
    )
    op.create_index("ix_accidentalresponse_message_id", "accidentalresponse", ["message_id"])
    op.create_index(
        "ix_accidentalresponse_team", "accidentalresponse", ["team_id", "dataset_id", "answered_at"]
    )
    for name in ("is_bulk", "is_brought"):
        op.add_column("answer", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    # They count already, also in the holdout, and some were dated anew when they moved with their dataset.
    op.execute("UPDATE answer SET is_brought = true")
    op.add_column("record", sa.Column("suggested", sa.JSON(), nullable=True))
    op.add_column("record", sa.Column("vector", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("record", "vector")
    op.drop_column("record", "suggested")
    op.drop_column("answer", "is_brought")
    op.drop_column("answer", "is_bulk")
    op.drop_table("accidentalresponse")
