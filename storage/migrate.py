"""Bring a database to the tables of this release."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from storage.database import Database, DatabaseUnavailableError

SCRIPTS = Path(__file__).parent / "migrations"
LOCK = 7_366_224  # any number that is ours: replicas that start together migrate one after the other


def migrate(database: Database) -> None:
    """Run the migrations that this database lacks, all in one transaction.

    Raises DatabaseUnavailableError where the database does not answer.
    """
    database.check()
    try:
        with database.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
            command.upgrade(configuration(connection), "head")
    except DBAPIError as error:
        where = database.engine.url.render_as_string(hide_password=True)
        raise DatabaseUnavailableError(where, error) from error


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for one open connection."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config
