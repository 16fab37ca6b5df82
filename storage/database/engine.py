"""One database: how it is opened, and how transactions on it begin and end."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    Engine,
    Executable,
    create_engine,
    event,
    literal_column,
    make_url,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlmodel import Session, SQLModel

from storage.database.faults import WORDS, reason_of
from storage.database.file_modes import restrict_sqlite
from storage.tables.database import Probe
from storage.tables.messages import Message, Mode
from storage.text.encodable import clean, clean_json

# Slack waits 3 s for an acknowledgement: a lock that lasts longer is an error in time for Slack to send again.
SQLITE_WAIT_S = 2.0
POSTGRES_WAIT_S = 3
PATIENCE_S = 30.0
PAUSE_S = 0.1
# For so long a checkpoint keeps writers waiting for readers to end.
DRAIN_S = 0.2
PROBE = "x" * 40_000  # as long as Slack's longest message
READS = "corrigible_reads"

# PostgreSQL shows each statement of a transaction what is committed by then (READ COMMITTED): readers have no use for
# one, and save its beginning and its end.
_READING: dict[str, dict[str, Any]] = {
    "sqlite": {READS: True},
    "postgresql": {"isolation_level": "AUTOCOMMIT"},
}

Written = TypeVar("Written")


class DatabaseUrlError(ValueError):
    """DATABASE_URL is not the address of a database we can use."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"DATABASE_URL is not usable ({reason}). Use sqlite:///path/to/file.db or "
            "postgresql://user:password@host/database."
        )


class DatabaseUnavailableError(RuntimeError):
    """The database does not answer, is locked, is full, is damaged, or refuses us."""

    def __init__(self, where: str, error: DBAPIError) -> None:
        said = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
        hint = WORDS.get(reason_of(error))
        super().__init__(f"the database at {where} can't be used: {said[0]}" + (f" ({hint})" if hint else ""))


class DatabaseDamagedError(DatabaseUnavailableError):
    """A SQLite file has pages that can't be read."""

    def __init__(self, where: str) -> None:
        RuntimeError.__init__(
            self, f"the database at {where} can't be used: {WORDS['corrupt']} (docs/backup.md)"
        )


class DatabaseBusyError(TimeoutError):
    """Other writers kept a SQLite database for longer than anybody may wait."""

    def __init__(self) -> None:
        super().__init__(f"no turn to write within {SQLITE_WAIT_S:.0f} s")


class DatabaseMovedError(RuntimeError):
    """Another SQLite file, or none, lies where ours did: what is stored is gone once the last connection closes."""

    reason = "moved"


class _Turn:
    """A lock, first come, first served, that is waited for no longer than SQLITE_WAIT_S.

    A plain lock goes to whoever asks just when it is free: among many writers one could wait until Slack gives up.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_taken = False
        self._waiting: deque[threading.Event] = deque()

    def __enter__(self) -> None:
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return
            mine = threading.Event()
            self._waiting.append(mine)
        try:
            mine.wait(SQLITE_WAIT_S)
        except BaseException:  # an interrupt: nobody else would give the turn back
            if not self._is_left(mine):
                self.__exit__()
            raise
        if self._is_left(mine):
            raise DatabaseBusyError

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._is_taken = bool(self._waiting)
            if self._waiting:
                self._waiting.popleft().set()

    def _is_left(self, mine: threading.Event) -> bool:
        """Leave the queue; False where the turn came meanwhile."""
        with self._lock:
            if mine.is_set():
                return False
            self._waiting.remove(mine)
            return True


class Database:
    """Hands out transactions. Readers never wait for a writer; writers of one process take turns on SQLite."""

    def __init__(self, engine: Engine, file: Path | None = None) -> None:
        self.engine = engine
        self._file = file  # SQLite's
        self._opened: tuple[int, int] | None = None
        self._reader = engine.execution_options(**_READING[engine.dialect.name])
        # SQLite has one writer at a time and lets the others poll; a lock of ours wakes the next at once.
        self._turn = _Turn() if engine.dialect.name == "sqlite" else nullcontext()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for queries alone: PostgreSQL would keep what is written here, and SQLite would not."""
        with Session(self._reader) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session in one transaction: committed at the end, rolled back where anything is raised."""
        with self._turn, Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def write_patiently(self, write: Callable[[Session], Written]) -> Written:
        """`write` in one transaction, again where others kept the database: for those for whom nobody waits.

        Raises DatabaseUnavailableError or DatabaseBusyError where they keep it for longer than PATIENCE_S.
        """
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                with self.writing() as session:
                    return write(session)
            except DatabaseBusyError:
                if time.monotonic() > until:
                    raise
            except OperationalError as error:
                if time.monotonic() > until:
                    raise DatabaseUnavailableError(self.where, error) from error
                time.sleep(PAUSE_S)

    def size(self) -> int:
        """How many bytes have to be rewritten while writers wait: of a SQLite file; on PostgreSQL none wait."""
        if self.engine.dialect.name != "sqlite":
            return 0
        with self._reader.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            return int(pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one())

    def rewrite(self, tables: Sequence[str]) -> None:
        """VACUUM: pages keep nothing of deleted rows; on SQLite they lie in the write-ahead log until `drain`.

        Also SQLite's secure_delete leaves copies behind where rows moved from page to page before they were deleted.
        Raises DatabaseBusyError.
        """
        if self.engine.dialect.name == "sqlite":
            with self._impatient() as connection:
                connection.execute("VACUUM").close()
            return
        with self._reader.connect() as connection:  # statistics hold samples of what was in the columns
            connection.exec_driver_sql(f"VACUUM (ANALYZE) {', '.join(tables)}")

    def drain(self) -> bool:
        """Empty SQLite's write-ahead log into its file; False if readers still need it. Raises DatabaseBusyError."""
        if self.engine.dialect.name != "sqlite":
            return True
        with self._impatient() as connection:
            [(is_busy, *_)] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return not is_busy

    @contextmanager
    def _impatient(self) -> Iterator[Any]:
        """SQLite's own connection outside of any transaction, in the turn of a writer, that waits for DRAIN_S only."""
        with self._turn, closing(self.engine.raw_connection()) as pooled:
            connection: Any = pooled.driver_connection
            connection.execute(f"PRAGMA busy_timeout = {DRAIN_S * 1000:.0f}").close()
            try:
                yield connection
            except sqlite3.OperationalError as error:
                if "locked" in str(error):
                    raise DatabaseBusyError from error
                raise
            finally:
                connection.execute(f"PRAGMA busy_timeout = {SQLITE_WAIT_S * 1000:.0f}").close()

    @property
    def where(self) -> str:
        """Its address, without a password: neither the one before the host nor one among the options."""
        return self.engine.url.set(query={}).render_as_string(hide_password=True)

    def check_file(self, most_s: float) -> None:
        """Look for damaged pages in a SQLite file, for at most `most_s` seconds.

        Raises DatabaseDamagedError, DatabaseUnavailableError.
        """
        if self.engine.dialect.name != "sqlite":
            return
        until = time.monotonic() + most_s
        try:
            with self._reader.connect() as connection:
                file: Any = connection.connection.driver_connection
                file.set_progress_handler(lambda: time.monotonic() > until, 1_000)
                try:
                    found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalars().all()
                finally:
                    file.set_progress_handler(None, 0)
        except DBAPIError as error:
            if time.monotonic() > until:  # a large file: what was read is in order
                return
            raise DatabaseUnavailableError(self.where, error) from error
        if found != ["ok"]:
            raise DatabaseDamagedError(self.where)

    def try_to_store(self) -> None:
        """Write a message and take it back, then commit as much as a long one; nothing stays.

        Raises what the driver raises, and DatabaseMovedError.
        """
        if self._opened and self._opened != self._identity():
            raise DatabaseMovedError
        with self.writing() as session:
            # Not deleted: SQLite would look for what belongs to it in every other table.
            taken_back = session.begin_nested()
            session.add(Message(team_id="", channel_id="", ts="", user_id="", text="", mode=Mode.OFF))
            session.flush()
            taken_back.rollback()
            row = Probe(filler=PROBE)
            session.add(row)
            session.flush()
            session.delete(row)

    def note_file(self, *_: object) -> None:
        """Remember which file was opened first."""
        self._opened = self._opened or self._identity()

    def _identity(self) -> tuple[int, int] | None:
        try:
            about = self._file.stat() if self._file else None
        except OSError:
            return None
        return (about.st_dev, about.st_ino) if about else None

    def close(self) -> None:
        self.engine.dispose()


def open_database(url: str) -> Database:
    """A Database for a SQLAlchemy URL; connects only when first used.

    Raises DatabaseUrlError where the URL can't be read or names a kind of database we do not support.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise DatabaseUrlError("it is not a URL") from error
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise DatabaseUrlError(f"{parsed.get_backend_name()} is not supported")
    if "@" in (
        parsed.host or ""
    ):  # what stands before it is the end of a password, and would be told as the host
        raise DatabaseUrlError("in a user name or password, write @ as %40")
    try:
        return _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgres(parsed)
    except (NoSuchModuleError, ImportError) as error:
        raise DatabaseUrlError(f"{parsed.drivername} is not installed") from error
    except OSError as error:
        raise DatabaseUrlError(f"its folder can't be made: {error.strerror}") from error


def is_absent(url: str) -> bool:
    """Would opening it make a new file? Of what is no file, or no URL, only opening it tells."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return False
    file = parsed.database if parsed.get_backend_name() == "sqlite" else None
    return bool(file) and not Path(str(file)).exists()


def _engine(url: Any, **given: Any) -> Engine:
    # hide_parameters: an error of SQLAlchemy's would otherwise quote what people wrote.
    engine = create_engine(url, hide_parameters=True, pool_size=10, json_serializer=_json, **given)
    event.listen(engine, "before_cursor_execute", _clean_texts, retval=True)
    return engine


def _json(value: Any) -> str:
    return json.dumps(clean_json(value))


def _clean_texts(
    _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, is_many: bool
) -> tuple[str, Any]:
    """Wherever a text came from, it can be stored: here it enters the database."""
    if is_many:
        return statement, [_cleaned(one) for one in parameters]
    return statement, _cleaned(parameters)


def _cleaned(parameters: Any) -> Any:
    if isinstance(parameters, dict):
        return {name: _storable(value) for name, value in parameters.items()}
    return tuple(_storable(value) for value in parameters)


def _storable(value: Any) -> Any:
    return clean(value) if isinstance(value, str) else value


def _postgres(url: Any) -> Database:
    connect = {"connect_timeout": POSTGRES_WAIT_S}
    return Database(_engine(url, pool_pre_ping=True, connect_args=connect))


def _sqlite(url: Any) -> Database:
    if url.database in (None, "", ":memory:"):
        raise DatabaseUrlError("a database in memory forgets; name a file")
    file = Path(url.database).expanduser()
    file.parent.mkdir(parents=True, exist_ok=True)
    restrict_sqlite(file)
    connect = {"timeout": SQLITE_WAIT_S, "check_same_thread": False}
    engine = _engine(url, connect_args=connect)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    database = Database(engine, Path(url.database))
    event.listen(engine, "connect", database.note_file)
    return database


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    """Writers ask for the lock at once: a reader that turns writer half-way would fail instead of waiting."""
    reads = connection.get_execution_options().get(READS, False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def of_messages(
    session: Session, chosen: Any, of_team: Any, column: Any, message_ids: Sequence[str] | None
) -> Iterator[Any]:
    """The rows of a query of columns: all of a team, or those whose `column` is one of these messages of it."""
    # Never both conditions: SQLite, which keeps no statistics, would look for some messages among all of the team.
    session.flush()  # what this transaction adds is read as well
    connection = session.connection()
    if message_ids is None:
        yield from connection.execute(chosen.where(of_team))
        return
    for start in range(0, len(message_ids), 500):  # databases bound how many parameters one statement takes
        yield from connection.execute(chosen.where(column.in_(message_ids[start : start + 500])))


def insert_if_new(session: Session, row: SQLModel) -> bool:
    """Insert `row` unless a row with one of its unique keys stands already; say whether it was inserted."""
    connection = session.connection()
    statement = _insert_if_new(type(row), connection.dialect.name)
    return connection.execute(statement, row.model_dump()).first() is not None


def insert_new(session: Session, rows: Sequence[SQLModel]) -> None:
    """Insert those of these rows of one table of which none of the unique keys stands already."""
    if not rows:
        return
    connection = session.connection()
    statement = _insert_ignoring(type(rows[0]), connection.dialect.name)
    connection.execute(statement, [row.model_dump() for row in rows])


@cache
def _insert_if_new(table: type[SQLModel], dialect: str) -> Executable:
    # Made once a table: an acknowledgement waits for it, and making it takes as long as carrying it out.
    # A row count is not known for every driver; what RETURNING gives is: a row where one was inserted.
    return _insert_ignoring(table, dialect).returning(literal_column("1"))


@cache
def _insert_ignoring(table: type[SQLModel], dialect: str) -> postgresql.Insert | sqlite.Insert:
    insert = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    return insert.on_conflict_do_nothing()
