"""Bring a database to the tables of this release."""

from __future__ import annotations

import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from storage.database.engine import Database, DatabaseUnavailableError

SCRIPTS = Path(__file__).parents[1] / "migrations"
LOCK = 7_366_224  # any number that is ours: replicas that start together migrate one after the other
WAIT_S = 30.0  # for the migrations of another replica
PAUSE_S = 0.05


class DatabaseNewerError(DatabaseUnavailableError):
    """The tables are those of a release that is newer than this one."""

    def __init__(self, where: str) -> None:
        RuntimeError.__init__(
            self,
            f"the database at {where} was changed by a newer release of Corrigible, whose tables this one doesn't "
            "know. Start that release again, or restore the backup from before the upgrade (docs/backup.md).",
        )


class DatabaseVersionError(DatabaseUnavailableError):
    """The database doesn't say by which release its tables were made."""

    def __init__(self, where: str) -> None:
        RuntimeError.__init__(
            self,
            f"the database at {where} can't be used: its table alembic_version doesn't name one release of "
            "Corrigible. Restore a backup (docs/backup.md).",
        )


def migrate(database: Database) -> None:
    """Run the migrations that this database lacks, all in one transaction.

    Raises DatabaseUnavailableError where the database does not answer, or stays locked for longer than WAIT_S;
    DatabaseNewerError where a newer release changed its tables; DatabaseVersionError where nobody knows which one did.
    """
    until = time.monotonic() + WAIT_S
    while True:
        try:
            return _upgrade(database)
        except DBAPIError as error:
            if not _locked(error) or time.monotonic() > until:
                raise DatabaseUnavailableError(database.where, error) from error
            time.sleep(PAUSE_S)


def _upgrade(database: Database) -> None:
    with database.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        heads = MigrationContext.configure(connection).get_current_heads()
        if len(heads) > 1 or "" in heads:
            raise DatabaseVersionError(database.where)
        try:
            command.upgrade(configuration(connection), "head")
        except CommandError as error:
            if not isinstance(error.__cause__, ResolutionError):
                raise
            raise DatabaseNewerError(database.where) from error  # no script for the revision in the database


def _locked(error: DBAPIError) -> bool:
    """SQLite alone gives up on a lock, and does not wait at all for the one that a new file's WAL mode takes."""
    return "database is locked" in str(error.orig)


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for one open connection."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config
