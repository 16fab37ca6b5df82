"""erasures of teams under way, which may take splits with them, and what is to be purged from the database's files."""

import time
import uuid

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

UNDER_WAY = "EXISTS (SELECT 1 FROM erasure WHERE erasure.team_id = OLD.team_id)"
SQLITE_DROP = "DROP TRIGGER split_is_for_ever_delete"
SQLITE_BEFORE = """CREATE TRIGGER split_is_for_ever_delete BEFORE DELETE ON split
BEGIN SELECT RAISE(ABORT, 'the split is for ever'); END"""
SQLITE_AFTER = f"""CREATE TRIGGER split_is_for_ever_delete BEFORE DELETE ON split WHEN NOT {UNDER_WAY}
BEGIN SELECT RAISE(ABORT, 'the split is for ever'); END"""
POSTGRES_BEFORE = """CREATE OR REPLACE FUNCTION split_is_for_ever() RETURNS trigger AS $$
BEGIN RAISE EXCEPTION 'the split is for ever'; END $$ LANGUAGE plpgsql"""
POSTGRES_AFTER = f"""CREATE OR REPLACE FUNCTION split_is_for_ever() RETURNS trigger AS $$
BEGIN
IF TG_OP = 'DELETE' AND {UNDER_WAY} THEN RETURN OLD; END IF;
RAISE EXCEPTION 'the split is for ever';
END $$ LANGUAGE plpgsql"""


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("begun_at", sa.Float(), nullable=False),
        sa.Column("artifacts", sa.JSON(), nullable=False),
        sa.Column("runs", sa.JSON(), nullable=False),
        sa.Column("datasets", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("team_id"),
    )
    purge = op.create_table(
        "purge",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("marked_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    # What earlier releases erased may still be in the files.
    op.bulk_insert(purge, [{"id": uuid.uuid4().hex, "marked_at": time.time()}])
    _replace_trigger(SQLITE_AFTER, POSTGRES_AFTER)


def downgrade() -> None:
    _replace_trigger(SQLITE_BEFORE, POSTGRES_BEFORE)
    op.drop_table("purge")
    op.drop_table("erasure")


def _replace_trigger(sqlite: str, postgres: str) -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for statement in (postgres,) if is_postgresql else (SQLITE_DROP, sqlite):
        op.execute(statement)
