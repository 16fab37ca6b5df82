"""What the pages of health say, with faults as databases really have them."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from bot.context import health
from bot.context.health import Health, StoreProbe, Trouble
from bot.context.metrics import Metrics
from bot.context.worker import Worker
from storage.database import engine as databases
from storage.database.engine import Database, open_database
from tests.databases import on_both
from tests.factories import received
from tests.local.running import PATIENCE_S, until


@pytest.fixture(autouse=True)
def each_asking_is_a_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are not kept, and are waited for however slow the machine is."""
    monkeypatch.setattr(health, "FRESH_S", 0.0)
    monkeypatch.setattr(health, "ANSWER_S", PATIENCE_S)


@pytest.fixture
def start() -> Iterator[Callable[..., Worker]]:
    """Starts workers, and stops them at the end."""
    running: list[Worker] = []

    def start(step: Callable[[], float | None], longest_s: float | None = None) -> Worker:
        worker = Worker("a-part", step, Metrics(), longest_s)
        running.append(worker)
        worker.start()
        return worker

    yield start
    for worker in running:
        worker.stop(PATIENCE_S)


def told(worker: Worker | None = None, *degraded: Trouble, unready: tuple[Trouble, ...] = ()) -> Health:
    """The health of a bot that can store everything."""
    workers = [worker] if worker else []
    return Health(lambda: workers, StoreProbe(lambda: None), lambda: unready, lambda: degraded)


def pages(of: Health) -> dict[str, bool]:
    """Each page, and whether it says that all is well."""
    found = {path: of.pages[path]() for path in ("/livez", "/readyz", "/healthz")}
    return {path: page[0] for path, page in found.items() if page}


def parts(of: Health, path: str, kind: str = "failing") -> list[tuple[str, str]]:
    page = of.pages[path]()
    assert page
    return [(one["part"], one["reason"]) for one in page[1][kind]]


# The database


@contextmanager
def on_each_connection(database: Database, pragma: str) -> Iterator[None]:
    """This pragma holds from the next use of a connection on."""

    def set_it(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA {pragma}").close()

    database.engine.dispose()
    event.listen(database.engine, "checkout", set_it)
    yield
    event.remove(database.engine, "checkout", set_it)
    database.engine.dispose()


@contextmanager
def full(database: Database) -> Iterator[None]:
    # SQLite takes no number below that of the pages that it has; then messages use up what is free in these.
    with on_each_connection(database, "max_page_count=1"):
        with suppress(OperationalError):
            while True:
                received(database, text="y" * 10_000)
        yield


@contextmanager
def read_only(database: Database) -> Iterator[None]:
    with on_each_connection(database, "query_only=ON"):
        yield


@contextmanager
def locked(database: Database) -> Iterator[None]:
    with closing(sqlite3.connect(str(database.engine.url.database), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def damaged(database: Database) -> Iterator[None]:
    file = Path(str(database.engine.url.database))
    database.engine.dispose()
    before = file.read_bytes()
    file.write_bytes(b"not a database at all" * 1_000)
    yield
    database.engine.dispose()
    file.write_bytes(before)


@contextmanager
def damaged_where_messages_are(database: Database) -> Iterator[None]:
    """All other tables are as they should be."""
    file = Path(str(database.engine.url.database))
    with database.engine.connect() as connection:
        size = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
        where = "SELECT rootpage FROM sqlite_master WHERE name = 'message'"
        page = connection.exec_driver_sql(where).scalar_one() - 1
    database.engine.dispose()
    before = file.read_bytes()
    file.write_bytes(before[: page * size] + b"\xa5" * size + before[(page + 1) * size :])
    yield
    database.engine.dispose()
    file.write_bytes(before)


@contextmanager
def without_a_folder(database: Database) -> Iterator[None]:
    folder = Path(str(database.engine.url.database)).parent
    database.engine.dispose()
    folder.rename(folder.with_name("away"))
    yield
    folder.with_name("away").rename(folder)


@contextmanager
def moved(database: Database) -> Iterator[None]:
    file = Path(str(database.engine.url.database))
    file.rename(file.with_name("away.db"))
    yield
    file.with_name("away.db").rename(file)


@contextmanager
def used_up(database: Database) -> Iterator[None]:
    """All connections are in use, and nobody gives one back."""
    pool = database.engine.pool
    pool._timeout, before = 0.01, pool._timeout  # type: ignore[attr-defined]
    held = [database.engine.connect() for _ in range(20)]
    yield
    for one in held:
        one.close()
    pool._timeout = before  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (full, "disk_full"),
        (read_only, "read_only"),
        (locked, "locked"),
        (damaged, "corrupt"),
        (damaged_where_messages_are, "corrupt"),
        (without_a_folder, "moved"),
        (moved, "moved"),
        (used_up, "pool_exhausted"),
    ],
)
def test_a_database_that_stores_nothing_is_not_ready_and_is_ready_again_without_a_restart(
    fault: Callable[[Database], Iterator[None]],
    reason: str,
    sqlite_template: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(databases, "SQLITE_WAIT_S", 0.1)
    file = tmp_path / "var" / "corrigible.db"
    file.parent.mkdir()
    file.write_bytes(sqlite_template.read_bytes())
    with closing(open_database(f"sqlite:///{file}")) as database:
        bot = Health(list, StoreProbe(database.try_to_store), list, list)
        before = pages(bot)
        with fault(database):  # type: ignore[attr-defined]
            during = pages(bot)
            found = parts(bot, "/readyz")
        after = pages(bot)

    assert before == after == {"/livez": True, "/readyz": True, "/healthz": True}
    assert during == {"/livez": True, "/readyz": False, "/healthz": False}
    assert found == [("database", reason)]


@on_both
def test_a_database_that_can_store_is_ready(database: Database) -> None:
    assert parts(Health(list, StoreProbe(database.try_to_store), list, list), "/readyz") == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_postgresql_that_is_read_only_or_breaks_off_is_not_ready(
    database: Database, postgresql_url: str
) -> None:
    name = str(database.engine.url.database)
    bot = Health(list, StoreProbe(database.try_to_store), list, list)
    with psycopg.connect(postgresql_url.format("postgres"), autocommit=True) as admin:

        def after(change: str) -> list[tuple[str, str]]:
            admin.execute(f"ALTER DATABASE {name} {change}".encode())
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            return parts(bot, "/readyz")

        found = [
            after("SET default_transaction_read_only = on"),
            after("ALLOW_CONNECTIONS false"),
            after("ALLOW_CONNECTIONS true"),
            after("RESET default_transaction_read_only"),
        ]

    read_only, unreachable = [("database", "read_only")], [("database", "unreachable")]
    assert found == [read_only, unreachable, read_only, []]


def test_who_asks_does_not_wait_for_a_database_that_hangs_and_asks_it_no_second_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "ANSWER_S", 0.0)
    release, tries = threading.Event(), []

    def store() -> None:
        tries.append(1)
        release.wait(PATIENCE_S)

    bot = Health(list, StoreProbe(store), list, list)
    found = [parts(bot, "/readyz") for _ in range(50)]
    hung = len(tries)
    release.set()
    until(lambda: pages(bot)["/readyz"])

    assert found == [[("database", "no_answer")]] * 50
    assert hung == 1


def test_however_often_strangers_ask_the_database_is_asked_once_in_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "FRESH_S", PATIENCE_S)
    tries: list[int] = []
    bot = Health(list, StoreProbe(lambda: tries.append(1)), list, list)

    assert all(pages(bot)["/readyz"] for _ in range(100))
    assert len(tries) == 1


def test_a_system_without_a_thread_to_spare_is_not_ready_and_is_ready_again_once_it_has_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(health, "FRESH_S", 0.0)
    bot = Health(list, StoreProbe(lambda: None), list, list)
    with monkeypatch.context() as without:
        without.setattr(threading.Thread, "start", refuse)
        found = parts(bot, "/readyz")

    assert found == [("database", "no_thread")]
    assert parts(bot, "/readyz") == []


def test_a_fault_is_told_since_it_began_and_without_what_the_driver_says() -> None:
    def store() -> None:
        raise OSError("password=hush")

    bot = Health(list, StoreProbe(store), list, list)
    first, again = bot.pages["/readyz"](), bot.pages["/readyz"]()

    assert first == again
    assert "hush" not in str(first)


# Parts


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_has_ended_or_hangs_is_not_alive(start: Callable[..., Worker]) -> None:
    release = threading.Event()

    def end() -> None:
        raise SystemExit

    ended = start(end)
    until(lambda: not ended.is_alive)
    hanging = start(lambda: release.wait(PATIENCE_S) and None, longest_s=0.0)
    until(lambda: hanging.dead() is not None)
    patient = start(lambda: release.wait(PATIENCE_S) and None)

    assert parts(told(ended), "/livez") == [("a-part", "thread_ended")]
    assert parts(told(hanging), "/livez") == [("a-part", "hangs")]
    assert pages(told(patient))["/livez"]
    assert pages(told(Worker("never started", lambda: None, Metrics())))["/livez"]
    release.set()


def test_a_part_that_fails_each_time_is_degraded_until_it_works(start: Callable[..., Worker]) -> None:
    mended = threading.Event()

    def step() -> float:
        if not mended.is_set():
            raise ConnectionError("no")
        return 0.01

    bot = told(start(step))
    until(lambda: parts(bot, "/readyz", "degraded") == [("a-part", "ConnectionError")])
    assert pages(bot) == {"/livez": True, "/readyz": True, "/healthz": True}
    mended.set()

    until(lambda: not parts(bot, "/readyz", "degraded"))


def test_what_slack_can_not_reach_is_not_ready_but_alive() -> None:
    bot = told(unready=(Trouble("slack", "not_connected", 1.0),))

    assert pages(bot) == {"/livez": True, "/readyz": False, "/healthz": False}


def test_a_failing_argilla_is_told_once_with_its_reason_and_since_when() -> None:
    bot = told(None, Trouble("argilla", "no_answer", 86_400.0), Trouble("argilla", "no_answer", 60.0))
    page = bot.pages["/readyz"]()

    assert page == (
        True,
        {
            "ok": True,
            "failing": [],
            "degraded": [
                {
                    "part": "argilla",
                    "reason": "no_answer",
                    "since": "1970-01-01T00:01:00+00:00",
                    "words": "it does not answer in time: check whether it is running, and how busy it is",
                }
            ],
        },
    )


def test_any_other_path_is_none_of_these_pages() -> None:
    assert "/health" not in told().pages


def test_the_schedule_hangs_if_no_tick_ends(monkeypatch: pytest.MonkeyPatch, database: Database) -> None:
    from bot.context.schedule import Schedule

    schedule = Schedule(database, "T1", {}, Metrics(), tick_s=600)
    schedule.start()
    alive = schedule.dead()
    monkeypatch.setattr("bot.context.schedule.HANGS_S", 0.0)
    hangs = schedule.dead()
    schedule.stop(PATIENCE_S)

    assert alive is None
    assert hangs is not None
    assert hangs.reason == "hangs"
    assert schedule.dead() is None
