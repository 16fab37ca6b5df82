"""kill -9 in the middle of work: whatever was answered to is there afterwards, in the list and in every search."""

from __future__ import annotations

import itertools
import json
import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.argilla.embedded import EmbeddedArgilla, SignIn
from tests.local.argilla.asking import Asking, Json, among, api, record_is, response, suggested
from tests.local.argilla.client import rg
from tests.local.argilla.processes import all_gone

pytestmark = pytest.mark.timeout(300)

BATCH = 20


class Home:
    """One server and its folder, and what the server has answered to: records, answers, suggestions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = EmbeddedArgilla(folder, 0)
        self.sign_in: SignIn = self.server.start()
        self.logged: set[str] = set()
        self.answered: set[str] = set()
        self.suggested: set[str] = set()
        self.deleted: set[str] = set()
        self.dataset, self.label = self._make_dataset()

    def _make_dataset(self) -> tuple[str, str]:
        client = rg.Argilla(self.sign_in.url, self.sign_in.api_key)
        rg.Workspace("crash", client=client).create()
        settings = rg.Settings(
            fields=[rg.TextField("text")],
            questions=[rg.LabelQuestion("label", ["bug", "question"])],
            metadata=[rg.IntegerMetadataProperty("number")],
            vectors=[rg.VectorField("meaning", dimensions=2)],
        )
        dataset = rg.Dataset("crash", workspace="crash", settings=settings, client=client).create()
        client.http_client.close()
        return str(dataset.id), str(dataset.settings.questions["label"].id)

    def search(self, client: httpx.Client) -> Asking:
        return Asking(client, self.dataset)

    def everything(self, client: httpx.Client, *filters: Json, text: str | None = None) -> set[str]:
        """All that a search finds, page by page."""
        found: set[str] = set()
        for offset in itertools.count(0, 1000):
            page = self.search(client).found(*filters, text=text, offset=offset, limit=1000)
            found |= set(page)
            if len(page) < 1000:
                return found
        raise AssertionError

    def log(self, client: httpx.Client, numbers: range) -> None:
        items = [
            {
                "fields": {"text": f"message number{number}"},
                "external_id": f"r{number}",
                "metadata": {"number": number},
                "vectors": {"meaning": [1.0, float(number)]},
            }
            for number in numbers
        ]
        client.post(f"/datasets/{self.dataset}/records/bulk", json={"items": items}).raise_for_status()
        self.logged |= {f"r{number}" for number in numbers}

    def answer(self, client: httpx.Client, record: Json) -> None:
        body = {"status": "submitted", "values": {"label": {"value": "bug"}}}
        client.post(f"/records/{record['id']}/responses", json=body).raise_for_status()
        self.answered.add(record["external_id"])

    def suggest(self, client: httpx.Client, record: Json) -> None:
        body = {"question_id": self.label, "value": "question", "agent": "v1"}
        client.put(f"/records/{record['id']}/suggestions", json=body).raise_for_status()
        self.suggested.add(record["external_id"])

    def delete(self, client: httpx.Client, record: Json) -> None:
        self.logged.discard(record["external_id"])  # from now on it may be gone
        ids = {"ids": record["id"]}
        client.delete(f"/datasets/{self.dataset}/records", params=ids).raise_for_status()
        self.deleted.add(record["external_id"])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    made = Home(tmp_path_factory.mktemp("argilla"))
    yield made
    made.server.stop()


def until_cut_off(work: Iterator[None]) -> threading.Thread:
    """Works on in a thread until the server is gone."""

    def run() -> None:
        try:
            for _ in work:
                pass
        except httpx.HTTPError:
            pass

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_nothing_that_was_answered_to_is_lost_in_a_crash(home: Home) -> None:
    with api(home.sign_in) as client:
        home.log(client, range(200))
        items = client.get(f"/datasets/{home.dataset}/records", params={"limit": 200}).json()["items"]

        def logging() -> Iterator[None]:
            for first in itertools.count(200, BATCH):
                home.log(client, range(first, first + BATCH))
                yield

        def answering() -> Iterator[None]:
            for record in items[:120]:
                home.answer(client, record)
                yield

        def suggesting_and_deleting() -> Iterator[None]:
            for to_suggest, to_delete in zip(items[:160], reversed(items[160:]), strict=False):
                home.suggest(client, to_suggest)
                home.delete(client, to_delete)
                yield

        threads = [until_cut_off(work()) for work in (logging, answering, suggesting_and_deleting)]
        while not (len(home.logged) > 300 and home.answered and home.deleted):
            threads[0].join(0.05)
        home.server.kill()
        for thread in threads:
            thread.join()

    assert all_gone(home.folder)
    home.server.start()

    with api(home.sign_in) as client:
        stored = {
            one["external_id"]: one
            for offset in range(0, len(home.logged) + 2 * BATCH, 1000)
            for one in client.get(
                f"/datasets/{home.dataset}/records", params={"limit": 1000, "offset": offset}
            ).json()["items"]
        }
        assert home.logged <= stored.keys()
        assert not home.deleted & stored.keys()
        assert home.everything(client) == stored.keys()
        assert home.everything(client, text="message") == stored.keys()
        nearest = home.search(client).found(vector={"name": "meaning", "value": [1.0, 0.0]}, limit=1000)
        assert set(nearest) == stored.keys()
        answered = home.everything(client, among(response(question="label"), "bug"))
        assert home.answered <= answered
        assert home.everything(client, among(record_is("status"), "completed")) == answered
        assert {id_ for id_, one in stored.items() if one["status"] == "completed"} == answered
        assert home.suggested <= home.everything(client, among(suggested("label"), "question"))


def test_an_index_that_was_left_behind_is_brought_in_line(home: Home) -> None:
    with api(home.sign_in) as client:
        everything = home.everything(client)
        answered = home.everything(client, among(response("status"), "submitted"))
    home.server.stop()
    [index] = home.folder.glob("search-*.db")
    with sqlite3.connect(index) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("DELETE FROM record WHERE external_id IN ('r1', 'r2')")
        connection.execute("DELETE FROM facet WHERE kind LIKE 'response.%'")
        connection.execute("UPDATE record SET id = hex(randomblob(16)) WHERE external_id = 'r3'")
    connection.close()
    with sqlite3.connect(home.folder / "argilla.db") as connection:
        connection.execute(
            "UPDATE records SET status = 'pending'"
        )  # as if the job that sets it had been lost
    connection.close()

    home.server.start()

    with api(home.sign_in) as client:
        assert home.everything(client) == everything
        assert home.search(client).found(text="number1 | number2 | number3") != []
        assert home.everything(client, among(response("status"), "submitted")) == answered
        assert home.everything(client, among(record_is("status"), "completed")) == answered


def test_keys_and_words_are_kept_from_other_users_and_the_logs(home: Home) -> None:
    credentials = home.folder / "credentials.json"
    known = json.loads(credentials.read_text())

    logs = "".join(log.read_text(errors="replace") for log in (home.folder / "logs").iterdir())
    secrets = {name: value for name, value in known.items() if name != "username"}
    assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600
    assert secrets.keys() == {"password", "api_key", "auth_secret_key"}
    assert "Application startup complete" in logs
    assert not [name for name, value in secrets.items() if value in logs]
    assert "message number" not in logs
