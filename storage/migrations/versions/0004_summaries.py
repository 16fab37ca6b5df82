"""summaries: where they may be made, what they say and rest on, what people and reviewers said of them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "summary",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("channel_id", sa.String(), nullable=False),
        sa.Column("of_ts", sa.String(), nullable=True),
        sa.Column("since", sa.Float(), nullable=True),
        sa.Column("most", sa.Integer(), nullable=True),
        sa.Column("thread_ts", sa.String(), nullable=True),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column(
            "origin",
            sa.Enum("shortcut", "command", "mention", "length", name="origin", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column(
            "making",
            sa.Enum("waiting", "done", "failed", "erased", name="making", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("sentences", sa.JSON(), nullable=False),
        sa.Column("engine", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("aside", sa.String(), nullable=False),
        sa.Column("failed", sa.String(), nullable=False),
        sa.Column("done", sa.Float(), nullable=False),
        sa.Column("fetched", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("held_until", sa.Float(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("made_at", sa.Float(), nullable=True),
        sa.Column("ts", sa.String(), nullable=True),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("due", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.Float(), nullable=False),
        sa.Column("attempted", sa.Boolean(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("claimed_until", sa.Float(), nullable=False),
        sa.Column("refused", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_summary_due",
        "summary",
        ["team_id", "due_at"],
        unique=False,
        sqlite_where=sa.text("due"),
        postgresql_where=sa.text("due"),
    )
    op.create_index("ix_summary_team", "summary", ["team_id", "created_at"], unique=False)
    op.create_table(
        "summaryconsent",
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("channel_id", sa.String(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("over", sa.Integer(), nullable=True),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("set_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("team_id", "channel_id"),
    )
    op.create_table(
        "summaryanswer",
        sa.Column("response_id", sa.String(), nullable=False),
        sa.Column("summary_id", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("reviewer", sa.String(), nullable=False),
        sa.Column(
            "status",
            sa.Enum("submitted", "discarded", name="status", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("answered_at", sa.Float(), nullable=False),
        sa.Column("stored_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["summary_id"],
            ["summary.id"],
        ),
        sa.PrimaryKeyConstraint("response_id"),
    )
    op.create_index(op.f("ix_summaryanswer_summary_id"), "summaryanswer", ["summary_id"], unique=False)
    op.create_index("ix_summaryanswer_team", "summaryanswer", ["team_id", "stored_at"], unique=False)
    op.create_table(
        "summaryreview",
        sa.Column("summary_id", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=True),
        sa.Column("record_id", sa.String(), nullable=True),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.Float(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("refused", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["summary_id"],
            ["summary.id"],
        ),
        sa.PrimaryKeyConstraint("summary_id"),
    )
    op.create_index("ix_summaryreview_team", "summaryreview", ["team_id", "due_at"], unique=False)
    op.create_table(
        "summarysource",
        sa.Column("summary_id", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["message.id"],
        ),
        sa.ForeignKeyConstraint(
            ["summary_id"],
            ["summary.id"],
        ),
        sa.PrimaryKeyConstraint("summary_id", "message_id"),
    )
    op.create_index(op.f("ix_summarysource_message_id"), "summarysource", ["message_id"], unique=False)
    op.create_table(
        "summaryword",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("summary_id", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column(
            "opinion",
            sa.Enum("good", "bad", "edited", name="opinion", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["summary_id"],
            ["summary.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_summaryword_summary_id"), "summaryword", ["summary_id"], unique=False)
    op.create_index("ix_summaryword_team", "summaryword", ["team_id", "created_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_summaryword_team", table_name="summaryword")
    op.drop_index(op.f("ix_summaryword_summary_id"), table_name="summaryword")
    op.drop_table("summaryword")
    op.drop_index(op.f("ix_summarysource_message_id"), table_name="summarysource")
    op.drop_table("summarysource")
    op.drop_index("ix_summaryreview_team", table_name="summaryreview")
    op.drop_table("summaryreview")
    op.drop_index("ix_summaryanswer_team", table_name="summaryanswer")
    op.drop_index(op.f("ix_summaryanswer_summary_id"), table_name="summaryanswer")
    op.drop_table("summaryanswer")
    op.drop_table("summaryconsent")
    op.drop_index("ix_summary_team", table_name="summary")
    op.drop_index(
        "ix_summary_due", table_name="summary", sqlite_where=sa.text("due"), postgresql_where=sa.text("due")
    )
    op.drop_table("summary")
