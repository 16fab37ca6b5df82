"""JSON documents by kind and key, written through to one SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.slack.wire.wire import Json

SCHEMA = """
CREATE TABLE IF NOT EXISTS kept (
    kind TEXT NOT NULL, key TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (kind, key)
);
CREATE TABLE IF NOT EXISTS file (id TEXT PRIMARY KEY, content BLOB NOT NULL);
"""


class Store:
    """Survives kill -9 of this process: each write is handed to the operating system before it returns.

    It does not wait for the disk (synchronous=OFF), so a power cut may cost what was written last.
    """

    def __init__(self, path: str) -> None:
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.5)
        try:
            # Held for as long as we run: two servers on one file would each miss what the other wrote.
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=OFF")
            self._db.execute("PRAGMA secure_delete=ON")
            self._db.executescript(SCHEMA)
            self.purge()
        except sqlite3.Error:
            self._db.close()
            raise

    def put(self, kind: str, key: str, document: Json) -> None:
        """Keep `document`, in place of the one with the same key."""
        self._db.execute(
            "INSERT INTO kept VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET document = excluded.document",
            (kind, key, json.dumps(document, separators=(",", ":"))),
        )

    def drop(self, kind: str, key: str) -> None:
        """Forget one document; nothing happens where there is none."""
        self._db.execute("DELETE FROM kept WHERE kind = ? AND key = ?", (kind, key))

    def purge(self) -> None:
        """Have what was dropped leave the file and the write-ahead log.

        SQLite's secure_delete leaves copies of rows that had moved between pages before they were dropped.
        """
        self._db.execute("VACUUM")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def all(self, kind: str) -> list[Json]:
        """Every document of a kind, in the order in which they were first kept."""
        rows = self._db.execute("SELECT document FROM kept WHERE kind = ? ORDER BY rowid", (kind,))
        return [json.loads(document) for (document,) in rows]

    @contextmanager
    def together(self) -> Iterator[None]:
        """All the writes inside, or none of them."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def put_file(self, file_id: str, content: bytes) -> None:
        """Keep the bytes of an uploaded file."""
        self._db.execute("INSERT OR REPLACE INTO file VALUES (?, ?)", (file_id, content))

    def file(self, file_id: str) -> bytes | None:
        """The bytes of a file, or None where it was never uploaded."""
        row = self._db.execute("SELECT content FROM file WHERE id = ?", (file_id,)).fetchone()
        return None if row is None else bytes(row[0])

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
