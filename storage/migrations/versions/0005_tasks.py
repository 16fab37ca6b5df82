"""tasks: versions, runs and rulings of summarizers too, what these learned from, and who accepted Slack's policy."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OF_A_TASK = ("version", "run", "ruling")


def upgrade() -> None:
    for table in OF_A_TASK:
        kind = sa.Enum("classification", "summarization", name="taskname", native_enum=False, length=16)
        op.add_column(table, sa.Column("task", kind, nullable=False, server_default="classification"))
    op.create_table(
        "summarylesson",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("summary_id", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["run.id"],
        ),
        sa.ForeignKeyConstraint(
            ["summary_id"],
            ["summary.id"],
        ),
        sa.PrimaryKeyConstraint("run_id", "summary_id"),
    )
    op.create_table(
        "acceptance",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("accepted_by", sa.String(), nullable=False),
        sa.Column("accepted_at", sa.Float(), nullable=False),
        sa.Column("withdrawn_by", sa.String(), nullable=False),
        sa.Column("withdrawn_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_acceptance_team", "acceptance", ["team_id", "accepted_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_acceptance_team", table_name="acceptance")
    op.drop_table("acceptance")
    op.drop_table("summarylesson")
    for table in OF_A_TASK:
        op.drop_column(table, "task")
