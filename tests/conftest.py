"""What all tests share: a database of each kind, fresh for each test, and no hub."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from local.argilla.embedded import EmbeddedArgilla, SignIn
from storage.database import Database, open_database
from storage.migrate import migrate

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
if "EXPORTS" not in os.environ:  # the encoder is exported once for all tests; who first reads this removes it
    os.environ["EXPORTS"] = tempfile.mkdtemp(prefix="corrigible-exports-")
    atexit.register(shutil.rmtree, os.environ["EXPORTS"], ignore_errors=True)


@pytest.fixture(scope="session")
def argilla(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignIn]:
    """A real Argilla of this test run; each test takes a dataset of its own."""
    with EmbeddedArgilla(tmp_path_factory.mktemp("argilla"), 0) as known:
        yield known


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A real PostgreSQL of this test run; `{}` stands where the name of a database goes."""
    if sys.version_info >= (3, 13):
        pytest.skip(
            "PostgreSQL comes with the wheel pgserver, which has no release for Python 3.13 and later"
        )
    try:
        with warnings.catch_warnings(action="ignore"):  # on import it looks for XDG_RUNTIME_DIR
            from pgserver.postgres_server import get_server
    except ImportError:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip("PostgreSQL comes with the wheel pgserver, which is not installed")
    folder = tempfile.mkdtemp(prefix="corrigible-pg-")
    server = get_server(folder, cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET fsync = off")
        admin.execute("SELECT pg_reload_conf()")
    yield server.get_uri(database="{}")
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'corrigible.db'}"
        return
    server: str = request.getfixturevalue("postgresql_url")
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server.format("postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        yield server.format(name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database of this release, empty."""
    opened = open_database(database_url)
    migrate(opened)
    yield opened
    opened.close()
