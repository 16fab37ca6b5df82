from __future__ import annotations

from functools import partial

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect
from sqlmodel import SQLModel

from storage.database import Database, open_database
from storage.migrate import configuration, migrate
from tests.factories import together


def test_the_migrations_make_exactly_the_tables_of_this_release(database: Database) -> None:
    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), SQLModel.metadata)

    assert differences == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    before = inspect(database.engine).get_table_names()

    migrate(database)

    assert inspect(database.engine).get_table_names() == before


def test_replicas_that_start_together_migrate_one_after_the_other(database_url: str) -> None:
    replicas = [open_database(database_url) for _ in range(6)]

    together(*[partial(migrate, replica) for replica in replicas])

    for replica in replicas:
        assert "message" in inspect(replica.engine).get_table_names()
        replica.close()


def test_every_migration_can_be_taken_back(database: Database) -> None:
    with database.engine.begin() as connection:
        command.downgrade(configuration(connection), "base")

    assert inspect(database.engine).get_table_names() == ["alembic_version"]
    migrate(database)
