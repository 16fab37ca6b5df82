from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import ExceptionContext, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import Session, select

from storage.database import engine as database
from storage.database.engine import (
    Database,
    DatabaseBusyError,
    DatabaseUnavailableError,
    DatabaseUrlError,
    insert_if_new,
    open_database,
)
from storage.database.migrate import migrate
from storage.feedback import labels
from storage.messages import messages
from storage.tables.database import Probe
from storage.tables.messages import Message
from tests.factories import TEAM, message, received, together

SLACK_WAITS_S = 3.0
FOREVER_S = 600.0
SECRET = "my salary is wrong"


@pytest.mark.parametrize(
    "url",
    [
        "corrigible.db",
        "",
        "mysql://user:word@host/database",
        "postgresql://user:word@host:port/database",
        "postgresql+pg8001://user:word@host/database",
        "postgresql+pg8000://user:word@host/database",
        "postgresql://user:w@word@host/database",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:////dev/null/corrigible.db",
    ],
)
def test_a_url_that_no_database_of_ours_can_have_is_refused_with_examples(url: str) -> None:
    with pytest.raises(DatabaseUrlError, match=r"DATABASE_URL is not usable .* Use sqlite:///") as refused:
        open_database(url)

    assert "word" not in str(refused.value).replace("password", "")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_usual_spelling_of_postgresql_is_understood(scheme: str) -> None:
    database = open_database(f"{scheme}://user:word@host/name")

    assert database.engine.url.drivername == "postgresql+psycopg"


def test_the_folder_of_a_sqlite_file_is_made(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/new/folder/corrigible.db")
    migrate(database)

    assert (tmp_path / "new" / "folder" / "corrigible.db").exists()
    database.close()


@pytest.mark.parametrize(
    "form",
    [
        "postgresql://user:s3cret@127.0.0.1:{port}/name",
        "postgresql://127.0.0.1:{port}/name?user=user&password=s3cret",
        "postgresql://127.0.0.1:{port}/name?user=user&sslpassword=s3cret",
    ],
)
def test_a_postgresql_that_is_not_there_is_named_without_its_password(form: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: nobody else gets the port, and nobody answers
        database = open_database(form.format(port=taken.getsockname()[1]))

        with pytest.raises(DatabaseUnavailableError, match=r"127\.0\.0\.1") as unavailable:
            migrate(database)
    assert "s3cret" not in str(unavailable.value)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8 not a database " * 100)

    with pytest.raises(DatabaseUnavailableError, match=r"photo\.jpg can't be used: file is not a database"):
        migrate(open_database(f"sqlite:///{tmp_path}/photo.jpg"))


def test_trying_to_store_leaves_nothing_behind(database: Database) -> None:
    database.try_to_store()

    with database.reading() as session:
        assert session.exec(select(Probe)).all() == []
        assert session.exec(select(Message)).all() == []


def test_what_was_begun_is_undone_where_anything_is_raised(database: Database) -> None:
    def fail_half_way() -> None:
        with database.writing() as session:
            messages.receive(session, message())
            raise KeyError("half-way")

    with pytest.raises(KeyError):
        fail_half_way()

    with database.reading() as session:
        assert messages.count_waiting(session, TEAM) == 0


def test_a_row_is_inserted_unless_it_stands(database: Database) -> None:
    one = message()

    with database.writing() as session:
        answers = [insert_if_new(session, one), insert_if_new(session, one)]

    assert answers == [True, False]


def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    with database.writing() as writer:
        messages.receive(writer, message())
        with database.reading() as reader:
            assert messages.count_waiting(reader, TEAM) == 0


def test_errors_do_not_quote_what_people_wrote(database: Database) -> None:
    with pytest.raises(DBAPIError) as refused, database.writing() as session:
        session.add_all([Message(**{**message(SECRET).model_dump(), "id": "same"}) for _ in range(2)])

    assert SECRET not in str(refused.value)


@pytest.mark.usefixtures("impatient")
def test_a_locked_sqlite_is_an_error_once_it_was_waited_for(sqlite: Database, file: Path) -> None:
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"):
            received(sqlite, SECRET)
        other.execute("ROLLBACK")
    other.close()

    received(sqlite, SECRET)


def test_a_lock_is_an_error_in_time_for_slack_to_send_again() -> None:
    assert database.SQLITE_WAIT_S < SLACK_WAITS_S


def test_sqlite_itself_waits_for_other_processes_for_that_long(sqlite: Database) -> None:
    with sqlite.reading() as reader, sqlite.writing() as writer:
        waits_ms = [_pragma(session, "busy_timeout") for session in (reader, writer)]

    assert waits_ms == [database.SQLITE_WAIT_S * 1_000] * 2


def test_a_postgresql_that_does_not_answer_is_waited_for_as_long_as_slack_waits(
    reused_postgresql_url: str,
) -> None:
    opened = open_database(reused_postgresql_url)
    with opened.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        asked_for = driver.info.get_parameters()["connect_timeout"]
    opened.close()

    assert float(asked_for) == database.POSTGRES_WAIT_S <= SLACK_WAITS_S


@pytest.mark.usefixtures("patient")
def test_a_lock_that_ends_in_time_is_waited_for(sqlite: Database, file: Path) -> None:
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    ending = threading.Timer(0.1, lambda: other.execute("ROLLBACK"))
    ending.start()

    received(sqlite)

    ending.join()
    other.close()


@pytest.mark.usefixtures("impatient")
def test_who_has_time_waits_for_longer_than_slack_would(sqlite: Database, file: Path) -> None:
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    refused: list[str] = []

    def release(context: ExceptionContext) -> None:
        refused.append(str(context.original_exception))
        other.execute("ROLLBACK")

    event.listen(sqlite.engine, "handle_error", release)
    assert sqlite.write_patiently(lambda session: messages.receive(session, message()))

    assert refused == ["database is locked"]
    other.close()


@pytest.mark.usefixtures("impatient")
def test_who_has_time_waits_for_a_writer_of_its_own_process_too(sqlite: Database) -> None:
    counting = _Counting(sqlite.engine)
    with ThreadPoolExecutor(1) as pool, counting.writing():
        patient = pool.submit(counting.write_patiently, lambda session: messages.receive(session, message()))
        _wait_until(lambda: counting.asked > 3)  # ours, and its first attempts
        is_done_before = patient.done()

    assert not is_done_before
    assert patient.result()


@pytest.mark.usefixtures("impatient")
def test_a_turn_that_does_not_come_in_time_is_an_error_and_spares_the_next(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadPoolExecutor(1) as pool, sqlite.writing():
        with pytest.raises(DatabaseBusyError):
            pool.submit(received, sqlite, SECRET).result()
        monkeypatch.setattr(database, "SQLITE_WAIT_S", FOREVER_S)
        later = pool.submit(received, sqlite)
        _wait_until(lambda: _waiting(sqlite) == 1)

    assert later.result()


@pytest.mark.usefixtures("patient")
def test_who_is_interrupted_while_waiting_keeps_nobody_waiting(sqlite: Database) -> None:
    class StoppedError(Exception):
        pass

    def interrupt(*_: object) -> None:
        raise StoppedError

    def interrupt_who_waits() -> None:
        _wait_until(lambda: _waiting(sqlite) == 1)
        os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with ThreadPoolExecutor(2) as pool:
            held, over = threading.Event(), threading.Event()
            pool.submit(_hold, sqlite, held, over)
            held.wait()
            pool.submit(interrupt_who_waits)
            with pytest.raises(StoppedError), sqlite.writing():
                pass
            over.set()
    finally:
        signal.signal(signal.SIGUSR1, before)

    assert received(sqlite)


@pytest.mark.usefixtures("patient")
def test_writers_take_turns_in_the_order_in_which_they_came(sqlite: Database) -> None:
    order: list[int] = []

    def write(number: int) -> None:
        with sqlite.writing():
            order.append(number)

    with ThreadPoolExecutor(8) as pool, sqlite.writing():
        for number in range(8):
            pool.submit(write, number)
            _wait_until(partial(_is_waiting, sqlite, number + 1))

    assert order == list(range(8))


def test_a_full_disk_stores_nothing_and_says_so(sqlite: Database) -> None:
    def fill(connection: Any, _record: Any, _proxy: Any) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 1}")

    event.listen(sqlite.engine, "checkout", fill)
    with pytest.raises(OperationalError, match="full") as full:
        received(sqlite, SECRET * 10_000)

    assert SECRET not in str(full.value)
    with sqlite.reading() as session:
        assert messages.count_waiting(session, TEAM) == 0


def test_what_is_stored_survives_a_crash_of_the_machine(sqlite: Database) -> None:
    with sqlite.reading() as session:
        settings = [_pragma(session, name) for name in ("journal_mode", "synchronous", "foreign_keys")]

    assert settings == ["wal", 2, 1]


def test_many_writers_of_one_process_all_get_their_turn(database: Database) -> None:
    together(*[lambda: received(database) for _ in range(8)])

    with database.reading() as session:
        assert messages.count_waiting(session, TEAM) == 8
        assert labels.active(session, TEAM) == []


def _hold(database: Database, held: threading.Event, over: threading.Event) -> None:
    with database.writing():
        held.set()
        over.wait()


def _waiting(sqlite: Database) -> int:
    """How many writers of this process wait for their turn."""
    turn: Any = sqlite._turn
    return len(turn._waiting)


def _is_waiting(sqlite: Database, number: int) -> bool:
    return _waiting(sqlite) == number


def _wait_until(holds: Callable[[], bool]) -> None:
    while not holds():
        time.sleep(0.005)


class _Counting(Database):
    """A database that counts who asks it for a turn to write."""

    asked = 0

    @contextmanager
    def writing(self) -> Iterator[Session]:
        self.asked += 1
        with super().writing() as session:
            yield session


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who writes waits only for a moment."""
    monkeypatch.setattr(database, "SQLITE_WAIT_S", 0.05)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who writes waits for as long as a machine under load may take."""
    monkeypatch.setattr(database, "SQLITE_WAIT_S", FOREVER_S)


@pytest.fixture
def file(tmp_path: Path, sqlite_template: Path) -> Path:
    """A SQLite file with the tables of this release."""
    return Path(shutil.copyfile(sqlite_template, tmp_path / "corrigible.db"))


@pytest.fixture
def sqlite(file: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{file}")
    yield opened
    opened.close()


def _pragma(session: Session, name: str) -> Any:
    return session.connection().exec_driver_sql(f"PRAGMA {name}").scalar()
