"""meanings: what is said of a message belongs to the text it was said of, and edits come in their order."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

ADDED = {
    "message": ("edited_ts", "meaning", "still", "is_addressed"),
    "correction": ("aside",),
    "answer": ("aside",),
    "question": ("meanings",),
    "summarysource": ("meaning",),
}


def upgrade() -> None:
    op.create_table(
        "wording",
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("meaning", sa.Integer(), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"]),
        sa.PrimaryKeyConstraint("message_id", "digest"),
    )
    op.add_column("message", sa.Column("edited_ts", sa.String(), nullable=False, server_default=""))
    op.add_column("message", sa.Column("meaning", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("message", sa.Column("still", sa.String(), nullable=True))
    op.add_column(
        "message", sa.Column("is_addressed", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    # Mentions that were answered before; of those that asked for a summary no words are kept.
    answered = "lane = 'asked' OR (text = '' AND mode = 'off' AND erased_at IS NULL)"
    op.execute(f"UPDATE message SET is_addressed = true WHERE {answered}")  # noqa: S608
    for table in ("correction", "answer"):
        op.add_column(table, sa.Column("aside", sa.Integer(), nullable=True))
        where = sa.text("aside IS NOT NULL")
        op.create_index(f"ix_{table}_aside", table, ["team_id"], sqlite_where=where, postgresql_where=where)
    op.add_column("question", sa.Column("meanings", sa.JSON(), nullable=True))
    op.add_column("summarysource", sa.Column("meaning", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    # What is about an earlier text would count again in a release that doesn't know the difference.
    op.execute("DELETE FROM correction WHERE aside IS NOT NULL")
    op.execute("DELETE FROM answer WHERE aside IS NOT NULL")
    for table in ("correction", "answer"):
        op.drop_index(f"ix_{table}_aside", table_name=table)
    for table, columns in ADDED.items():
        for column in columns:
            op.drop_column(table, column)
    op.drop_table("wording")
