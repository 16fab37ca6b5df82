"""training runs, the split, rulings, disputes, jobs, and what the registry keeps of a version."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# The split is for ever, whatever program writes to these tables.
SQLITE_UPDATE = """CREATE TRIGGER split_is_for_ever_update BEFORE UPDATE OF message_id, side ON split
BEGIN SELECT RAISE(ABORT, 'the split is for ever'); END"""
SQLITE_DELETE = """CREATE TRIGGER split_is_for_ever_delete BEFORE DELETE ON split
BEGIN SELECT RAISE(ABORT, 'the split is for ever'); END"""
POSTGRES_FUNCTION = """CREATE FUNCTION split_is_for_ever() RETURNS trigger AS $$
BEGIN RAISE EXCEPTION 'the split is for ever'; END $$ LANGUAGE plpgsql"""
POSTGRES_TRIGGER = """CREATE TRIGGER split_is_for_ever BEFORE DELETE OR UPDATE OF message_id, side ON split
FOR EACH ROW EXECUTE FUNCTION split_is_for_ever()"""


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("due_at", sa.Float(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("held_until", sa.Float(), nullable=False),
        sa.Column("succeeded_at", sa.Float(), nullable=True),
        sa.Column("failed", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("team_id", "name"),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column(
            "phase",
            sa.Enum(
                "waiting",
                "training",
                "shadow",
                "promoted",
                "refused",
                "failed",
                name="phase",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("done", sa.Float(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("recipe", sa.JSON(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("failed", sa.String(), nullable=True),
        sa.Column("picture", sa.LargeBinary(), nullable=True),
        sa.Column("picture_text", sa.String(), nullable=False),
        sa.Column("noted", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("note_channel", sa.String(), nullable=True),
        sa.Column("note_ts", sa.String(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("started_at", sa.Float(), nullable=True),
        sa.Column("ended_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_run_team", "run", ["team_id", "created_at"], unique=False)
    op.create_table(
        "tuning",
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("recipe", sa.JSON(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("made_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("team_id"),
    )
    op.create_table(
        "dispute",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("champion_label", sa.String(), nullable=False),
        sa.Column("challenger_label", sa.String(), nullable=False),
        sa.Column("asked_at", sa.Float(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["challenger_label"],
            ["label.id"],
        ),
        sa.ForeignKeyConstraint(
            ["champion_label"],
            ["label.id"],
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["message.id"],
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["run.id"],
        ),
        sa.PrimaryKeyConstraint("run_id", "message_id"),
    )
    op.create_index("ix_dispute_asked", "dispute", ["team_id", "asked_at"], unique=False)
    op.create_index("ix_dispute_message_id", "dispute", ["message_id"], unique=False)
    op.create_table(
        "ruling",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=True),
        sa.Column("challenger", sa.Integer(), nullable=False),
        sa.Column("champion", sa.Integer(), nullable=False),
        sa.Column(
            "grounds",
            sa.Enum(
                "holdout", "duel", "watch", "swap", "person", name="grounds", native_enum=False, length=16
            ),
            nullable=False,
        ),
        sa.Column(
            "decision",
            sa.Enum("promote", "refuse", "go_on", "roll_back", name="decision", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.Float(), nullable=False),
        sa.Column("shown_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["run.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_ruling_team", "ruling", ["team_id", "made_at"], unique=False)
    op.create_table(
        "split",
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column(
            "side", sa.Enum("training", "holdout", name="side", native_enum=False, length=16), nullable=False
        ),
        sa.Column("drawn_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["message.id"],
        ),
        sa.PrimaryKeyConstraint("message_id"),
        sa.UniqueConstraint("message_id", "side"),
    )
    op.create_index("ix_split_team_id", "split", ["team_id"], unique=False)
    op.create_table(
        "lesson",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column(
            "side", sa.Enum("training", "holdout", name="side", native_enum=False, length=16), nullable=False
        ),
        sa.Column("label_id", sa.String(), nullable=False),
        sa.CheckConstraint("side = 'training'", name="never_the_holdout"),
        sa.ForeignKeyConstraint(
            ["label_id"],
            ["label.id"],
        ),
        sa.ForeignKeyConstraint(
            ["message_id", "side"],
            ["split.message_id", "split.side"],
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["run.id"],
        ),
        sa.PrimaryKeyConstraint("run_id", "message_id"),
    )
    with op.batch_alter_table("version") as version:
        version.add_column(sa.Column("base", sa.String(), nullable=False, server_default=""))
        version.add_column(sa.Column("artifact", sa.String(), nullable=True))
        version.add_column(sa.Column("run_id", sa.String(), nullable=True))
        version.add_column(sa.Column("card", sa.JSON(), nullable=False, server_default="{}"))
    op.execute("UPDATE version SET base = encoder")
    with op.batch_alter_table("version") as version:
        version.alter_column("base", server_default=None)
        version.alter_column("card", server_default=None)
    op.create_index("ix_prediction_team", "prediction", ["team_id", "created_at"])
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for statement in (
        (POSTGRES_FUNCTION, POSTGRES_TRIGGER) if is_postgresql else (SQLITE_UPDATE, SQLITE_DELETE)
    ):
        op.execute(statement)


def downgrade() -> None:
    op.drop_index("ix_prediction_team", table_name="prediction")
    op.drop_table("lesson")
    op.drop_index("ix_split_team_id", table_name="split")
    op.drop_table("split")
    op.drop_index("ix_ruling_team", table_name="ruling")
    op.drop_table("ruling")
    op.drop_index("ix_dispute_message_id", table_name="dispute")
    op.drop_index("ix_dispute_asked", table_name="dispute")
    op.drop_table("dispute")
    op.drop_table("tuning")
    op.drop_index("ix_run_team", table_name="run")
    op.drop_table("run")
    op.drop_table("job")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION split_is_for_ever()")
    with op.batch_alter_table("version") as version:
        for column in ("card", "run_id", "artifact", "base"):
            version.drop_column(column)
