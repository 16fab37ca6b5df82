"""What was erased is in no file of a SQLite database, once the database says so."""

from __future__ import annotations

import random
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from storage.database import purging
from storage.database.engine import Database
from storage.database.purging import Purging
from storage.messages import messages
from storage.summaries import summaries
from storage.tables.messages import Message
from storage.tables.summaries import Making, Origin, Summary, SummarySource
from tests.factories import SUPPORT, TEAM, message, received
from tests.traces import files_with

# One that every encoding writes alike, and one that JSON escapes and UTF-16 writes differently.
SECRETS = ("zyxwmarkervuts", "ζσέκρετ")
TEXT = " and ".join(SECRETS)

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def is_pending(database: Database) -> bool:
    with database.reading() as session:
        return bool(purging.marks(session))


def erase(database: Database, *found: Message) -> None:
    with database.writing() as session:
        messages.erase_all(session, [one.id for one in found])


def summarized(database: Database, of: Message, text: str) -> None:
    """A summary made from a message, whose row grew when it was made."""
    summary = Summary(
        team_id=TEAM, channel_id=SUPPORT, asked_by="U1", origin=Origin.COMMAND, making=Making.DONE
    )
    with database.writing() as session:
        session.add(summary)
    with database.writing() as session:
        session.add(SummarySource(summary_id=summary.id, message_id=of.id, place=0))
        session.get_one(Summary, summary.id).sentences = [{"text": text, "sources": [of.id]}]


def test_what_is_marked_is_purged_once(database: Database) -> None:
    purger = Purging(database)
    assert purger.purge(), "what an earlier release left"
    one = received(database, TEXT)
    erase(database, one)

    assert is_pending(database)
    assert purger.purge()
    assert not is_pending(database)
    erase(database, one)
    assert not is_pending(database), "what was erased already left nothing behind"


@pytest.mark.parametrize(
    "change",
    [
        lambda session, one: messages.edit(session, TEAM, SUPPORT, one.ts, "Never mind"),
        lambda session, one: messages.erase(session, TEAM, SUPPORT, one.ts, True),
        lambda session, one: messages.erase_all(session, [one.id]),
    ],
    ids=["edited", "deleted in Slack", "erased"],
)
@only_sqlite
def test_no_byte_of_a_text_is_left_in_any_file_once_nothing_is_pending(
    database: Database, tmp_path: Path, change: Callable[[object, Message], object]
) -> None:
    one = received(database, TEXT)
    summarized(database, one, TEXT)
    assert files_with(tmp_path, *SECRETS)

    with database.writing() as session:
        change(session, one)
        summaries.erase_with(session, one.id)

    assert Purging(database).step() is None
    assert not is_pending(database)
    assert files_with(tmp_path, *SECRETS) == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_no_sample_of_a_text_is_left_in_the_statistics_of_postgresql(database: Database) -> None:
    said = [message(f"{SECRETS[0]} {number}") for number in range(20)]
    with database.writing() as session:
        for one in said:
            messages.receive(session, one)
    with database.writing() as session:
        session.connection().exec_driver_sql("ANALYZE message")
    before = sampled(database)

    erase(database, *said)
    assert Purging(database).purge()

    assert SECRETS[0] in before
    assert SECRETS[0] not in sampled(database)


def sampled(database: Database) -> str:
    """What PostgreSQL's planner knows of the values of columns."""
    with database.reading() as session:
        rows = session.connection().exec_driver_sql("SELECT most_common_vals, histogram_bounds FROM pg_stats")
        return str(rows.all())


@only_sqlite
def test_copies_that_rows_left_behind_when_they_moved_between_pages_go_too(
    database: Database, tmp_path: Path
) -> None:
    chance = random.Random(1)
    said = [message(f"{SECRETS[0]} " * chance.choice([1, 5, 60])) for _ in range(150)]
    with database.writing() as session:
        for one in said:
            messages.receive(session, one)
    for size in (1, 20, 3, 60):
        chance.shuffle(said)
        with database.writing() as session:
            for one in said[:100]:
                text = f"{SECRETS[0]} " * chance.randint(1, size)
                messages.edit(session, TEAM, SUPPORT, one.ts, text)

    erase(database, *said)
    assert Purging(database).purge()

    assert files_with(tmp_path, *SECRETS) == []


@only_sqlite
def test_while_somebody_reads_what_was_it_is_not_said_to_be_gone(database: Database, tmp_path: Path) -> None:
    purger = Purging(database)
    purger.purge()
    one = received(database, TEXT)
    with closing(sqlite3.connect(tmp_path / "corrigible.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT text FROM message").fetchall()
        erase(database, one)

        assert not purger.purge()
        assert is_pending(database)
        received(database, "Stored all the same")
        assert files_with(tmp_path, *SECRETS)
        reader.execute("ROLLBACK")

    assert purger.step() is None or purger.purge()
    assert not is_pending(database)
    assert files_with(tmp_path, *SECRETS) == []


@only_sqlite
def test_the_write_ahead_log_does_not_grow_for_as_long_as_somebody_reads(
    database: Database, tmp_path: Path
) -> None:
    purger = Purging(database)
    purger.purge()
    said = [received(database, TEXT) for _ in range(4)]
    with closing(sqlite3.connect(tmp_path / "corrigible.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT text FROM message").fetchall()
        for one in said:
            erase(database, one)
            assert not purger.purge()
        assert (tmp_path / "corrigible.db-wal").stat().st_size < database.size()

    assert purger.purge()
    assert files_with(tmp_path, *SECRETS) == []


@contextmanager
def full_disk(most_bytes: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@only_sqlite
def test_a_full_disk_keeps_nobody_from_storing_and_is_not_filled_again_and_again(
    database: Database, tmp_path: Path
) -> None:
    with database.writing() as session:
        for _ in range(60):
            messages.receive(session, message("y" * 40_000))
    one = received(database, TEXT)
    purger = Purging(database)
    purger.purge()
    log = tmp_path / "corrigible.db-wal"
    with full_disk(database.size()):  # the log of a rewritten file is a little longer than the file
        erase(database, one)
        with pytest.raises(sqlite3.OperationalError) as first:
            purger.step()
        taken = log.stat().st_size
        received(database, "Stored all the same")
        stored = log.stat().st_size
        with pytest.raises(sqlite3.OperationalError) as again:
            purger.step()

        assert taken < 10_000, "what was begun is given back"
        assert again.value is first.value
        assert log.stat().st_size == stored, "it rests"
        assert is_pending(database)
    assert purger.purge()
    assert not is_pending(database)
    assert files_with(tmp_path, *SECRETS) == []


@only_sqlite
def test_a_large_file_is_not_rewritten_by_day(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    purger = Purging(database)
    purger.purge()
    monkeypatch.setattr(purging, "QUICK_BYTES", 0)
    erase(database, received(database, TEXT))

    purger.step()
    by_day = is_pending(database)

    assert by_day
    assert files_with(tmp_path, *SECRETS) == [], "what is deleted is overwritten at once all the same"
    assert purger.purge()
    assert not is_pending(database)
