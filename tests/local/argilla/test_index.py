"""The index's file and its connections. It is made from Argilla's database, so a bad one is thrown away."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import pytest

from local.argilla import index, writes
from local.argilla.documents import METADATA, Document


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(tmp_path))
    monkeypatch.setattr(index, "_own", threading.local())
    return tmp_path


def record(text: str, **vectors: bytes) -> Document:
    facets = [(METADATA, "length", "", "", len(text))]
    return Document("one", "all", "r1", "pending", "2026", "2026", facets, {"": text}, dict(vectors))


def rows(table: str) -> int:
    number: int = index.reading().execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return number


def test_an_index_that_cannot_be_read_is_made_again(home: Path) -> None:
    index.prepare()
    [file] = home.glob("search-*.db")
    file.write_bytes(b"this is no database" * 1000)

    index.prepare()

    assert rows("record") == 0


def test_an_index_of_another_release_goes(home: Path) -> None:
    for name in ("search.db", "search-0.db", "search-0.db-wal"):
        (home / name).touch()
    index.prepare()
    writes.write([record("kept")])

    index.prepare()

    assert not list(home.glob("search-0.db*")) + list(home.glob("search.db*"))
    assert rows("record") == 1


def test_a_change_that_fails_leaves_everything_as_it_was(home: Path) -> None:
    writes.write([record("first")])

    with pytest.raises(sqlite3.Error):
        writes.write([record("second"), record("third", meaning=object())])  # type: ignore[arg-type]

    assert index.reading().execute("SELECT text FROM passage").fetchall() == [("first",)]


def test_nothing_of_a_removed_record_stays(home: Path) -> None:
    writes.write([record("gone", meaning=b"1234")])

    writes.remove(["one"])

    assert [rows(table) for table in ("record", "facet", "passage", "vector")] == [0, 0, 0, 0]
    found = index.reading().execute("SELECT count(*) FROM words WHERE words MATCH 'gone'")
    assert found.fetchone() == (0,)


def test_vectors_that_stay_the_same_stay_in_memory(home: Path) -> None:
    def changes() -> list[int]:
        return [number for (number,) in index.reading().execute("SELECT number FROM change")]

    writes.write([record("first", meaning=b"1234")])
    writes.write([record("second", meaning=b"1234")])
    assert changes() == [1]

    writes.write([record("second", meaning=b"4321")])
    assert changes() == [2]


def test_a_fork_and_a_thread_have_connections_of_their_own(home: Path) -> None:
    mine = index.reading()
    assert index.reading() is mine
    others: list[sqlite3.Connection] = []
    thread = threading.Thread(target=lambda: others.append(index.reading()))
    thread.start()
    thread.join()

    index._own.process = os.getpid() + 1  # as a forked child would find it

    assert others[0] is not mine
    assert index.reading() is not mine
