"""Purging: what was erased leaves the database's files too, which keep deleted bytes until these are overwritten.

Whoever erases or replaces text marks it in the same transaction; the mark goes once the files are rewritten.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import delete
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel, col, select

from storage.database.engine import Database, DatabaseBusyError
from storage.tables.database import Purge

log = logging.getLogger(__name__)

# Writers wait while a SQLite file is rewritten. One of this size takes a second at most on a busy machine; larger ones
# wait for the night.
QUICK_BYTES = 64_000_000
# At most a twentieth of the time goes to rewriting, however often something is erased.
REST = 20
AGAIN_S = 1.0
LOOK_S = 0.1


def mark(session: Session) -> None:
    """The files may hold what this transaction erases or replaces."""
    session.add(Purge())
    session.flush()


def marks(session: Session) -> set[str]:
    """Ids of the marks that stand: as long as one does, the files may hold what was erased when it was made."""
    return set(session.exec(select(Purge.id)))


class Purging:
    """Rewrites the files of one database; may be shared by threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rewritten: set[str] = set()  # marks that only the write-ahead log may still hold
        self._drained: set[str] = set()  # marks that only pages of the file may still hold
        self._not_before = 0.0
        self._failed: Exception | None = None  # why the files could not be rewritten, until it is tried again

    def step(self) -> float | None:
        """Purge what is marked, unless the files are large; seconds until it should be tried again.

        Raises what the driver raises, also while it rests from that: a full disk is written to no more often.
        """
        marks = self._marks()
        if not marks:
            return None
        is_large = self._database.size() > QUICK_BYTES
        if is_large and self._drained.issuperset(marks):
            return None  # nearly all bytes were overwritten as they were deleted; the night does the rest
        rest_s = self._not_before - time.monotonic()
        if rest_s > 0:
            if self._failed:
                raise self._failed.with_traceback(None)
            return rest_s
        began = time.monotonic()
        self._failed = None
        try:
            is_done = self._finish(marks) if is_large else self.purge()
        except (sqlite3.Error, DBAPIError) as error:
            self._failed = error
            raise
        finally:
            self._not_before = time.monotonic() + REST * (time.monotonic() - began)
        return None if is_done else AGAIN_S

    def purge(self) -> bool:
        """Rewrite the files, however large; False if others keep them busy: they may still hold what is marked."""
        marks = self._marks()
        if not marks:
            return True
        if not self._rewritten.issuperset(marks) and not self._rewrite(marks):
            return False
        return self._finish(marks)

    def _rewrite(self, marks: Sequence[str]) -> bool:
        self._drained = set()
        try:
            # Each rewriting puts the whole file into the write-ahead log, which only grows while others read from it.
            if not self._database.drain():
                return False
            self._database.rewrite([table.name for table in SQLModel.metadata.sorted_tables])
        except DatabaseBusyError:
            return False
        except sqlite3.Error:  # on a full disk: give back what the rewriting took of it
            with suppress(sqlite3.Error, DatabaseBusyError):
                self._database.drain()
            raise
        self._rewritten.update(marks)
        return True

    def purge_patiently(self, for_s: float) -> bool:
        """As `purge`, again and again for so long while others keep the files busy."""
        until = time.monotonic() + for_s
        while not self.purge():
            if time.monotonic() > until:
                return False
            time.sleep(LOOK_S)
        return True

    def _finish(self, marks: Sequence[str]) -> bool:
        """Empty the write-ahead log, and take away marks of which nothing else was left; False if it is busy."""
        try:
            if not self._database.drain():
                return False
        except DatabaseBusyError:
            return False
        if done := self._rewritten.intersection(marks):
            self._unmark(sorted(done))
        self._drained = set(marks) - done
        return True

    def _marks(self) -> list[str]:
        with self._database.reading() as session:
            return sorted(marks(session))

    def _unmark(self, marks: Sequence[str]) -> None:
        with self._database.writing() as session:
            for start in range(0, len(marks), 500):
                some = marks[start : start + 500]
                session.connection().execute(delete(Purge).where(col(Purge.id).in_(some)))
        self._rewritten.difference_update(marks)
        log.info("purged marks=%d", len(marks))
