"""The index's file and its connections. It is made from Argilla's database, so a bad one is thrown away."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from local.argilla.search import index, vectors, writes
from local.argilla.search.documents import METADATA, Document


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


def fill(number: int) -> None:
    writes.write(
        [
            Document(f"id{each}", "all", None, "pending", "2026", "2026", [], {"": f"text {each} " * 50})
            for each in range(number)
        ]
    )


def truncate(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def overwrite(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(file.stat().st_size // 2)
        opened.write(b"\xff" * 20_000)


def empty(file: Path) -> None:
    os.truncate(file, 0)


@pytest.mark.parametrize("damage", [truncate, overwrite, empty])
def test_a_damaged_index_is_made_again_and_whoever_has_it_open_uses_the_new_one(
    home: Path, damage: Callable[[Path], None]
) -> None:
    index.prepare()
    fill(300)
    with closing(sqlite3.connect(index.file())) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damage(index.file())

    index.check()

    index.prepare()
    assert rows("record") == 0
    fill(3)
    assert rows("record") == 3


def test_an_index_that_is_whole_is_kept(home: Path) -> None:
    index.prepare()
    fill(3)

    index.check()

    assert rows("record") == 3


def test_an_index_that_is_deleted_in_use_is_made_again(home: Path) -> None:
    fill(3)
    for file in home.glob("search-*"):
        file.unlink()

    assert rows("record") == 0
    fill(2)
    assert rows("record") == 2


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


def held(settings: str = "meaning") -> dict[int, bytes]:
    matrix = vectors.matrix(index.reading(), settings)
    return {int(row): numbers.tobytes() for row, numbers in zip(matrix.rows, matrix.numbers, strict=True)}


def stored(settings: str = "meaning") -> dict[int, bytes]:
    return dict(index.reading().execute("SELECT record, data FROM vector WHERE settings = ?", (settings,)))


def vector(id_: str, number: float) -> Document:
    data = np.full(3, number, dtype="<f4").tobytes()
    return Document(id_, "all", id_, "pending", "2026", "2026", [], {"": "text"}, {"meaning": data})


def test_vectors_in_memory_follow_whatever_happens_to_them(home: Path) -> None:
    random = np.random.default_rng(0)
    assert held() == stored() == {}
    for _ in range(60):
        chosen = [str(one) for one in random.integers(0, 30, size=random.integers(1, 12))]
        if random.random() < 0.3:
            writes.remove(chosen)
        else:
            writes.write([vector(one, random.random()) for one in dict.fromkeys(chosen)])
        if random.random() < 0.8:
            assert held() == stored()


def test_vectors_that_did_not_change_are_not_read_again(home: Path) -> None:
    writes.write([vector(str(number), number) for number in range(20)])
    before = held()
    index.reading().execute("UPDATE vector SET data = zeroblob(12)")  # counts as no change

    writes.write([vector("one more", 7)])

    assert {row: data for row, data in held().items() if row in before} == before
    assert len(held()) == 21


def test_vectors_of_another_index_are_read(home: Path) -> None:
    writes.write([vector("one", 1)])
    held()
    for file in home.glob("search-*"):
        file.unlink()

    writes.write([vector("two", 2)])

    assert held() == stored()


def test_a_fork_and_a_thread_have_connections_of_their_own(home: Path) -> None:
    mine = index.reading()
    assert index.reading() is mine
    others: list[sqlite3.Connection] = []
    thread = threading.Thread(target=lambda: others.append(index.reading()))
    thread.start()
    thread.join()

    index._own.opened = (os.getpid() + 1, index.identity())  # as a forked child would find it

    assert others[0] is not mine
    assert index.reading() is not mine
