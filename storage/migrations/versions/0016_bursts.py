"""bursts: corrections that are held back until an operator looks, and what is known of each correction."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

FATE = sa.Enum("open", "kept", "discarded", native_enum=False, length=16)


def upgrade() -> None:
    op.create_table(
        "burst",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("corrections", sa.Integer(), nullable=False),
        sa.Column("began", sa.Float(), nullable=False),
        sa.Column("ended", sa.Float(), nullable=False),
        sa.Column("share_right", sa.Float(), nullable=False),
        sa.Column("fate", FATE, nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", sa.Float(), nullable=True),
        sa.Column("flagged_at", sa.Float(), nullable=False),
        sa.Column("told_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_burst_team", "burst", ["team_id", "flagged_at"])
    op.add_column("correction", sa.Column("foreseen", sa.Float(), nullable=True))
    op.add_column("correction", sa.Column("twin", sa.String(), nullable=True))
    op.add_column("correction", sa.Column("burst_id", sa.String(), nullable=True))
    op.add_column("correction", sa.Column("is_held", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(
        "UPDATE correction SET twin = '' WHERE word = 'imported'"
    )  # a label that a file gave is not compared
    _index("ix_correction_burst", "burst_id", "burst_id IS NOT NULL")
    _index("ix_correction_twinless", "team_id", "twin IS NULL")


def downgrade() -> None:
    op.drop_index("ix_correction_twinless", table_name="correction")
    op.drop_index("ix_correction_burst", table_name="correction")
    for column in ("is_held", "burst_id", "twin", "foreseen"):
        op.drop_column("correction", column)
    op.drop_table("burst")


def _index(name: str, column: str, where: str) -> None:
    op.create_index(
        name, "correction", [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where)
    )
