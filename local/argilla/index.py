"""The index: one SQLite file beside Argilla's own, and connections to it that no other thread or process shares.

`record` has one row a record, `facet` one row for each value that can be filtered or sorted by, `passage` the text
(one row a field, and one with all fields under the name ""), `vector` the vectors. Nothing in it is lost with it:
it is made again from Argilla's database.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    dataset TEXT NOT NULL,
    external_id TEXT,
    status TEXT NOT NULL,
    inserted_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS record_dataset ON record (dataset, status);
CREATE INDEX IF NOT EXISTS record_external ON record (dataset, external_id);
CREATE TABLE IF NOT EXISTS facet (
    record INTEGER NOT NULL REFERENCES record (row) ON DELETE CASCADE,
    dataset TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    user TEXT NOT NULL,
    value ANY
) STRICT;
CREATE INDEX IF NOT EXISTS facet_record ON facet (record, kind, name);
CREATE INDEX IF NOT EXISTS facet_value ON facet (dataset, kind, name, value, user, record);
CREATE TABLE IF NOT EXISTS passage (
    row INTEGER PRIMARY KEY,
    record INTEGER NOT NULL REFERENCES record (row) ON DELETE CASCADE,
    dataset TEXT NOT NULL,
    field TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS passage_record ON passage (record);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
    text, content='passage', content_rowid='row', tokenize='unicode61 remove_diacritics 0'
);
CREATE TRIGGER IF NOT EXISTS passage_added AFTER INSERT ON passage BEGIN
    INSERT INTO words (rowid, text) VALUES (new.row, new.text);
END;
CREATE TRIGGER IF NOT EXISTS passage_gone AFTER DELETE ON passage BEGIN
    INSERT INTO words (words, rowid, text) VALUES ('delete', old.row, old.text);
END;
CREATE TABLE IF NOT EXISTS vector (
    record INTEGER NOT NULL REFERENCES record (row) ON DELETE CASCADE,
    settings TEXT NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (settings, record)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS vector_record ON vector (record);
CREATE TABLE IF NOT EXISTS change (settings TEXT PRIMARY KEY, number INTEGER NOT NULL);
"""

log = logging.getLogger(__name__)

# Another number is another file: an index that an earlier release made is made again.
VERSION = 2
WAIT_S = 30
_own = threading.local()
_writing = threading.Lock()


def prepare() -> None:
    """Throw away what another release made, and an index that cannot be read; before anything else is open."""
    for one in _folder().glob("search*.db*"):
        if not one.name.startswith(file().name):
            one.unlink()
    try:
        with closing(_open()) as connection:
            connection.execute("SELECT count(*) FROM record").fetchone()
            connection.execute("SELECT count(*) FROM words WHERE words MATCH 'a'").fetchone()
    except sqlite3.DatabaseError as error:
        log.warning("index unreadable, made again reason=%s", error)
        for one in _folder().glob(file().name + "*"):
            one.unlink()


def reading() -> sqlite3.Connection:
    """This thread's connection."""
    if getattr(_own, "process", None) != os.getpid():  # what a fork brought along is not touched
        _own.connection, _own.process = _open(), os.getpid()
    connection: sqlite3.Connection = _own.connection
    return connection


@contextmanager
def writing() -> Iterator[sqlite3.Connection]:
    """This thread's connection in a transaction, committed at the end, rolled back where anything is raised."""
    connection = reading()
    with _writing:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.rollback()
            raise
        connection.commit()


def _folder() -> Path:
    return Path(os.environ["ARGILLA_HOME_PATH"])


def file() -> Path:
    """Where the index is."""
    return _folder() / f"search-{VERSION}.db"


def _open() -> sqlite3.Connection:
    connection = sqlite3.connect(file(), timeout=WAIT_S, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")
    connection.executescript(SCHEMA)
    return connection
