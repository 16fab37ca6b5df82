"""Bringing the index in line with Argilla's database: on copies of what the real server wrote, without a server."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.argilla.search import index, line, writes
from local.argilla.search.documents import Document
from local.argilla.search.line import Need
from local.argilla.server.progress import FULL
from local.argilla.supervising import reconcile
from local.argilla.supervising.truth import Dataset, Truth, plain_id
from tests.local.argilla.asking import Asking
from tests.local.argilla.client import rg
from tests.local.argilla.reviews import records, settings

LATER = "2099-01-01 00:00:00.000000"
ROWS = (
    "SELECT id, dataset, external_id, status, inserted_at, updated_at FROM record",
    "SELECT r.id, f.kind, f.name, f.source, f.user, f.value FROM facet f JOIN record r ON r.row = f.record",
    "SELECT r.id, p.field, p.text FROM passage p JOIN record r ON r.row = p.record",
    "SELECT r.id, v.settings, v.data FROM vector v JOIN record r ON r.row = v.record",
    "SELECT r.id, p.kind, p.source, p.changed_at FROM part p JOIN record r ON r.row = p.record",
)


class Copy:
    """A copy of a server's database and index, of which one dataset is looked at."""

    def __init__(self, folder: Path, dataset: str) -> None:
        self.folder = folder
        self.dataset = dataset

    def bring_in_line(self, kind: type[Truth] = Truth) -> None:
        with closing(kind(self.folder)) as truth:
            reconcile.reconcile(truth)

    def compare(self) -> reconcile.Difference:
        with closing(Truth(self.folder)) as truth:
            [dataset] = [one for one in truth.datasets() if one.id == self.dataset]
            return reconcile.compare(truth, dataset)

    def rows(self) -> list[set[tuple[Any, ...]]]:
        """Everything that the index has of the dataset."""
        of_dataset = f"(SELECT id FROM record WHERE dataset = '{self.dataset}')"
        return [
            set(index.reading().execute(f"SELECT * FROM ({one}) WHERE id IN {of_dataset}")) for one in ROWS
        ]

    def made_again(self) -> list[set[tuple[Any, ...]]]:
        """What an index has that is made from the database alone."""
        index.throw_away(sqlite3.DatabaseError("deleted by a test"))
        index.prepare()
        self.bring_in_line()
        return self.rows()

    def change_database(self, script: str) -> None:
        with closing(sqlite3.connect(self.folder / "argilla.db")) as connection, connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.executescript(script)

    def id(self, external_id: str) -> str:
        [(found,)] = index.reading().execute(
            "SELECT id FROM record WHERE dataset = ? AND external_id = ?", (self.dataset, external_id)
        )
        return str(found)


def copy(source: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copy both files of a running server, and use them from now on."""
    for name in ("argilla.db", index_name()):
        with closing(sqlite3.connect(source / name)) as old, closing(sqlite3.connect(target / name)) as new:
            old.backup(new)
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(target))
    monkeypatch.setattr(index, "_own", threading.local())


def index_name() -> str:
    return f"search-{index.VERSION}.db"


@pytest.fixture
def home(tmp_path: Path, run_folder: Path, reviews: Asking, monkeypatch: pytest.MonkeyPatch) -> Copy:
    """The dataset of `reviews.py`, as the server of this run wrote it."""
    copy(run_folder / "argilla", tmp_path, monkeypatch)
    index.prepare()
    made = Copy(tmp_path, reviews.dataset)
    made.change_database(f"DELETE FROM datasets WHERE id <> '{plain_id(reviews.dataset)}'")
    with index.writing() as connection:
        connection.execute("DELETE FROM record WHERE dataset <> ?", (reviews.dataset,))
    return made


def test_a_deleted_index_is_made_again_as_the_server_had_written_it(home: Copy) -> None:
    before = home.rows()

    assert len(before[0]) == len(records())
    assert home.made_again() == before


def test_nothing_that_the_server_wrote_in_any_way_is_written_again(
    tmp_path: Path,
    run_folder: Path,
    team: rg.Argilla,
    owner: httpx.Client,
    annotators: dict[str, httpx.Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = rg.Dataset("written", workspace="reading", settings=settings(), client=team).create()
    made.records.log(records())
    made.records.log(
        [rg.Record(id="login", fields={"text": "Everything works"}, vectors={"meaning": [1, 1, 1]})]
    )
    items = owner.get(f"/datasets/{made.id}/records").json()["items"]
    ids = {one["external_id"]: one["id"] for one in items}
    label = {"label": {"value": "bug"}}
    given = annotators["ana"].post(
        f"/records/{ids['slow']}/responses", json={"status": "draft", "values": label}
    )
    answers = [{"record_id": ids["login"], "status": "submitted", "values": label}]
    suggestion = {"question_id": str(made.settings.questions["label"].id), "value": "thanks", "agent": "v3"}
    for answered in (
        given,
        annotators["ana"].put(
            f"/responses/{given.json()['id']}", json={"status": "submitted", "values": label}
        ),
        *(annotators[who].post("/me/responses/bulk", json={"items": answers}) for who in ("ana", "ben")),
        owner.put(f"/records/{ids['login']}/suggestions", json=suggestion),
        owner.put(f"/records/{ids['slow']}/suggestions", json=suggestion),
        owner.patch(f"/records/{ids['parcel']}", json={"metadata": {"channel": "moved"}}),
        owner.patch(f"/records/{ids['invoice']}", json={"vectors": {"meaning": [0.0, 0.0, 1.0]}}),
        owner.delete(f"/datasets/{made.id}/records", params={"ids": ids["sql"]}),
    ):
        assert answered.is_success, answered.text
    copy(run_folder / "argilla", tmp_path, monkeypatch)

    found = Copy(tmp_path, str(made.id)).compare()

    owner.delete(f"/datasets/{made.id}")
    assert found == reconcile.Difference(len(records()) - 1, gone=[], lists=[], words=[])


CHANGES = {
    "records deleted": "DELETE FROM records WHERE external_id IN ('login', 'slow')",
    "responses deleted": "DELETE FROM responses",
    "a suggestion changed": f"UPDATE suggestions SET value = '\"thanks\"', updated_at = '{LATER}'",
    "suggestions deleted": "DELETE FROM suggestions",
    "vectors deleted": "DELETE FROM vectors",
    "vectors changed": f"UPDATE vectors SET value = '[3, 4, 5]', updated_at = '{LATER}'",
    "vectors added": (
        "INSERT INTO vectors (id, value, record_id, vector_settings_id, inserted_at, updated_at) "
        f"SELECT lower(hex(randomblob(16))), '[1, 2, 3]', r.id, s.id, '{LATER}', '{LATER}' "
        "FROM records r JOIN vectors_settings s ON s.dataset_id = r.dataset_id WHERE r.external_id = 'tokyo'"
    ),
    "texts changed": f"UPDATE records SET fields = '{{\"text\": \"other words\"}}', updated_at = '{LATER}'",
    "an older backup": "UPDATE records SET updated_at = '2020-01-01 00:00:00.000000'",
    "a dataset deleted": "DELETE FROM datasets",
    "a job lost": "UPDATE records SET status = CASE status WHEN 'pending' THEN 'completed' ELSE 'pending' END",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changed_while_the_server_was_down_is_in_line(home: Copy, change: str) -> None:
    home.change_database(change)

    home.bring_in_line()

    found = home.rows()
    assert found == home.made_again()


def test_statuses_follow_from_the_responses(home: Copy) -> None:
    statuses = "SELECT external_id FROM records WHERE status = 'completed'"
    before = home.rows()[0]
    home.change_database("UPDATE records SET status = 'completed'")

    home.bring_in_line()

    right = {(id_, status) for id_, _, _, status, *_ in before}
    assert {(id_, status) for id_, _, _, status, *_ in home.rows()[0]} == right
    with closing(sqlite3.connect(home.folder / "argilla.db")) as connection:
        assert len(connection.execute(statuses).fetchall()) < len(records())


LEFT_BEHIND = {
    "a record": "DELETE FROM record WHERE external_id = 'slow'",
    "a record too many": "UPDATE record SET id = 'none', external_id = 'none' WHERE external_id = 'slow'",
    "responses": "DELETE FROM facet WHERE kind LIKE 'response.%'; DELETE FROM part WHERE kind = 'response'",
    "texts": "DELETE FROM passage",
    "vectors": "DELETE FROM vector; DELETE FROM part WHERE kind = 'vector'",
}


@pytest.mark.parametrize("lost", LEFT_BEHIND.values(), ids=LEFT_BEHIND)
def test_what_the_index_lacks_after_a_crash_is_in_line(home: Copy, lost: str) -> None:
    before = home.rows()
    index.reading().executescript(lost)

    home.bring_in_line()

    assert home.rows() == before


class CutOff(Truth):
    """Ends in the middle, as Ctrl-C or kill -9 would end it."""

    def heads(self, dataset: Dataset, ids: Sequence[str]) -> list[Document]:
        if line.of(dataset.id) and index.reading().execute("SELECT count(*) > 3 FROM record").fetchone()[0]:
            raise KeyboardInterrupt
        return super().heads(dataset, ids)


def test_it_goes_on_where_it_was_cut_off(home: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "BATCH", 2)
    before = home.rows()
    index.throw_away(sqlite3.DatabaseError("deleted by a test"))
    index.prepare()

    with pytest.raises(KeyboardInterrupt):
        home.bring_in_line(CutOff)

    behind = line.of(home.dataset)
    assert behind
    assert behind.missing(Need.LISTS) == len(records()) - 4
    assert len(home.compare().lists) == len(records()) - 4
    home.bring_in_line()
    assert home.rows() == before
    assert line.total() == line.Line(len(records()), 0, 0)


class Seen(Truth):
    """Notes how far the dataset is whenever words are about to be written."""

    far: list[line.Line | None]

    def words(self, dataset: Dataset, ids: Sequence[str]) -> list[Document]:
        self.far.append(line.of(dataset.id))
        return super().words(dataset, ids)


def test_lists_are_complete_before_words_are(home: Copy) -> None:
    index.throw_away(sqlite3.DatabaseError("deleted by a test"))
    index.prepare()
    assert line.of(home.dataset) is None
    Seen.far = []

    home.bring_in_line(Seen)

    number = len(records())
    assert line.Line(number, 0, number) in Seen.far
    assert all(one and not one.missing(Need.LISTS) and one.missing(Need.WORDS) for one in Seen.far)


class Overtaken(Truth):
    """The server changes a record just after it was read here: in its database, then in the index."""

    def words(self, dataset: Dataset, ids: Sequence[str]) -> list[Document]:
        read = super().words(dataset, ids)
        if any(one.external_id == "login" and one.updated_at < "2099" for one in read):
            changed = 'UPDATE records SET fields = \'{"text": "overtaken"}\', updated_at = ?'
            self._connection.execute(changed + " WHERE external_id = 'login'", (LATER,))
            writes.write(super().documents(dataset, ids))
            gone = "DELETE FROM records WHERE external_id = 'slow'"
            self._connection.execute(gone)
            writes.remove([one.id for one in read if one.external_id == "slow"])
        return read


def test_what_the_server_changes_meanwhile_is_not_overwritten_with_what_was_before(home: Copy) -> None:
    index.reading().executescript("DELETE FROM passage")

    home.bring_in_line(Overtaken)

    found = home.rows()
    assert {text for _, field, text in found[2] if field == "text"} >= {"overtaken"}
    with closing(sqlite3.connect(home.folder / "argilla.db")) as connection:
        assert connection.execute("SELECT count(*) FROM records WHERE external_id = 'slow'").fetchone() == (
            0,
        )
    assert "slow" not in {external_id for _, _, external_id, *_ in found[0]}
    assert home.compare() == reconcile.Difference(len(records()) - 1, [], [], [])


def test_a_record_that_can_not_be_written_keeps_no_other_from_being_found(home: Copy) -> None:
    of_slow = "(SELECT id FROM records WHERE external_id = 'slow')"
    home.change_database(f"UPDATE vectors SET value = '[\"no number\"]' WHERE record_id IN {of_slow}")
    slow = home.id("slow")

    found = home.made_again()

    lacking = line.of(home.dataset)
    assert lacking == line.Line(len(records()), 0, 0)
    assert home.compare().words == [slow]
    assert len(found[0]) == len(records())
    assert {id_ for id_, *_ in found[2]} == {id_ for id_, *_ in found[0]} - {slow}


def test_a_full_disk_is_named_and_it_goes_on_once_there_is_space(home: Copy) -> None:
    before = home.rows()
    index.throw_away(sqlite3.DatabaseError("deleted by a test"))
    index.prepare()
    [(pages,)] = index.reading().execute("PRAGMA page_count").fetchall()
    index.reading().execute(f"PRAGMA max_page_count = {pages + 2}")

    with pytest.raises(sqlite3.OperationalError) as failed:
        home.bring_in_line()

    assert reconcile._failed(failed.value) == FULL
    index.reading().execute("PRAGMA max_page_count = 1000000")
    home.bring_in_line()
    assert home.rows() == before
