"""Why a database could not be used: one short code for each kind of fault, the same for SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

# SQLite's primary result codes.
OF_SQLITE = {
    3: "not_allowed",
    5: "locked",
    6: "locked",
    8: "read_only",
    10: "io_error",
    11: "corrupt",
    13: "disk_full",
    14: "can_not_open",
    23: "not_allowed",
    26: "corrupt",
}
# PostgreSQL's SQLSTATEs, the longest that fits first.
OF_POSTGRESQL = {
    "25006": "read_only",
    "42501": "not_allowed",
    "53100": "disk_full",
    "53300": "too_many_connections",
    "55P03": "locked",
    "57014": "locked",
    "XX001": "corrupt",
    "XX002": "corrupt",
    "08": "unreachable",
    "28": "refused",
    "3D": "no_such_database",
    "40": "locked",
    "57": "unreachable",
    "58": "io_error",
}
# In words, for the terminal. Anything else is said as it is.
WORDS = {
    "can_not_open": "the file can't be opened: check that it exists and who may write to it and to its folder",
    "corrupt": "the file is damaged or is not a database: restore a backup",
    "disk_full": "the disk is full",
    "failed": "it refuses a statement: its file is damaged, or something else changed its tables",
    "io_error": "the disk reports an error, or is full",
    "locked": "another process keeps it locked",
    "moved": "its file was moved or replaced: put it back, and restart the bot",
    "no_answer": "it does not answer in time",
    "no_such_database": "there is no database of that name",
    "no_thread": "no thread can be started to try it: raise the limit of processes, or restart the bot",
    "not_allowed": "we are not allowed to write to it",
    "pool_exhausted": "all of our connections to it are in use",
    "read_only": "it is read-only: check who may write to it and to its folder",
    "refused": "it refuses our user or password",
    "too_many_connections": "it has too many connections already",
    "unreachable": "it can't be reached",
}


def reason_of(error: Exception) -> str:
    """A code for what is wrong, without anything that was written or any secret."""
    if isinstance(error, RuntimeError) and hasattr(error, "reason"):  # one of ours
        return str(error.reason)
    if isinstance(error, PoolTimeoutError):
        return "pool_exhausted"
    if isinstance(error, TimeoutError):  # no turn to write: another writer of ours keeps it
        return "locked"
    if isinstance(error, DBAPIError):
        return _of_driver(error.orig)
    if isinstance(error, sqlite3.Error):  # of a connection that SQLAlchemy does not watch over
        return _of_driver(error)
    return "failed" if isinstance(error, SQLAlchemyError) else type(error).__name__


def _of_driver(error: object) -> str:
    if isinstance(error, sqlite3.Error):
        # Its extended codes have the primary one in the lowest byte; errors of Python's own module have none.
        return OF_SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, "failed")
    state = getattr(error, "sqlstate", None)
    if not state:  # the driver found nobody to ask
        return "unreachable"
    return OF_POSTGRESQL.get(state) or OF_POSTGRESQL.get(state[:2]) or "failed"
