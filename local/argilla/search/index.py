"""The index: one SQLite file beside Argilla's own, and connections to it that no other thread or process shares.

`record` has one row a record, `facet` one row for each value that can be filtered or sorted by, `passage` the text
(one row a field, and one with all fields under the name ""), `vector` the vectors. `part` has the time at which each
response, suggestion and vector changed, by which one sees that the index has it as it is, and `line` how much of each
dataset is not yet in line with Argilla's database. Nothing in it is lost with it: it is made again from there.
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
    change INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (settings, record)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS vector_record ON vector (record);
CREATE INDEX IF NOT EXISTS vector_change ON vector (settings, change);
CREATE TABLE IF NOT EXISTS change (settings TEXT PRIMARY KEY, number INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS part (
    record INTEGER NOT NULL REFERENCES record (row) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    PRIMARY KEY (record, kind, source)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS line (
    dataset TEXT PRIMARY KEY,
    records INTEGER NOT NULL,
    lists_left INTEGER NOT NULL,
    words_left INTEGER NOT NULL
);
"""

log = logging.getLogger(__name__)

# Another number is another file: an index that an earlier release made is made again.
VERSION = 3
WAIT_S = 30
_own = threading.local()
_writing = threading.Lock()


def prepare() -> None:
    """Throw away what another release made, and an index that is no database; nothing is known to be in line."""
    for one in _folder().glob("search*.db*"):
        if not one.name.startswith(file().name):
            one.unlink()
    try:
        _try()
    except sqlite3.DatabaseError as error:
        if is_passing(error):
            raise
        throw_away(error)
        _try()


def _try() -> None:
    with closing(_open()) as connection:
        connection.execute("SELECT count(*) FROM words WHERE words MATCH 'a'").fetchone()
        connection.execute("DELETE FROM line")


def check() -> None:
    """Read every page, and throw the index away if one is damaged: seconds for a large one."""
    try:
        if file().exists() and not file().stat().st_size:
            raise sqlite3.DatabaseError("it was emptied")
        with closing(_open()) as connection:
            [(said,), *_] = connection.execute("PRAGMA quick_check(1)").fetchall()
            if said != "ok":
                raise sqlite3.DatabaseError("a page is damaged")
            connection.execute("INSERT INTO words (words) VALUES ('integrity-check')")
    except sqlite3.DatabaseError as error:
        if is_passing(error):
            raise
        throw_away(error)


def is_passing(error: sqlite3.Error) -> bool:
    """Is the reason outside of the file: no space, no rights, or another that keeps it busy?"""
    damaged = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF not in damaged


def is_full(error: sqlite3.Error) -> bool:
    """Is there no more space?"""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL


def throw_away(error: sqlite3.Error) -> None:
    """Remove the index, whose file is damaged; who has it open notices at the next use."""
    log.warning("index unreadable, made again reason=%s", error)
    for one in _folder().glob(file().name + "*"):
        one.unlink(missing_ok=True)


def identity() -> tuple[int, int] | None:
    """Which file the index is now; None where there is none."""
    try:
        found = file().stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def reading() -> sqlite3.Connection:
    """This thread's connection."""
    opened = (os.getpid(), identity())  # what a fork brought along is not touched
    if getattr(_own, "opened", None) != opened:
        _own.connection = _open()
        _own.opened = (os.getpid(), identity())
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
