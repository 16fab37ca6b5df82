"""A server of its own: what is kept running, what outlasts each kind of death, and what is refused.

The tests share one folder; one whose server does not run starts it.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from local.argilla.embedded import ArgillaNotStartedError, EmbeddedArgilla
from tests.local.argilla.asking import among, api, record_is, response, suggested
from tests.local.argilla.home import BATCH, Home, until_cut_off
from tests.local.argilla.processes import child, is_alive, living, processes
from tests.local.argilla.webhooks import address
from tests.local.running import PATIENCE_S, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]


@pytest.fixture(scope="module")
def one_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    made = Home(tmp_path_factory.mktemp("argilla"))
    yield made
    made.server.stop()


@pytest.fixture
def home(one_home: Home) -> Home:
    one_home.start()
    return one_home


@pytest.mark.parametrize("part", ["server.worker", "127.0.0.1:"])  # Valkey writes this when it listens
def test_what_was_killed_is_started_again_and_webhooks_arrive(home: Home, part: str) -> None:
    supervisor = home.supervisor
    killed = child(supervisor, part)
    assert killed
    with api(home.sign_in) as client, address() as listening:
        record = home.one_record(client)
        wanted = {"url": listening.url, "events": ["response.created"]}
        hook = client.post("/webhooks", json=wanted).raise_for_status().json()

        os.kill(killed, signal.SIGKILL)
        again = until(lambda: child(supervisor, part))
        until(lambda: client.get("/webhooks").is_success and is_alive(again))
        home.answer(client, record)

        delivery = listening.next()
        client.delete(f"/webhooks/{hook['id']}")
    assert again != killed
    assert Webhook(hook["secret"]).verify(delivery.body, delivery.headers)["type"] == "response.created"
    assert delivery.event["data"]["record"]["id"] == record["id"]


def test_a_folder_in_use_is_refused_and_its_server_goes_on(home: Home) -> None:
    with pytest.raises(ArgillaNotStartedError, match=f"another Argilla runs on {home.folder}"):
        EmbeddedArgilla(home.folder, 0).start()

    with api(home.sign_in) as client:
        assert client.get("/me").status_code == 200


def test_a_port_in_use_is_refused_and_its_server_goes_on(home: Home, tmp_path: Path) -> None:
    port = int(home.sign_in.url.rsplit(":", 1)[1])

    with pytest.raises(ArgillaNotStartedError, match=rf"port {port} is in use.*LOCAL_ARGILLA_PORT"):
        EmbeddedArgilla(tmp_path, port).start()

    with api(home.sign_in) as client:
        assert client.get("/me").status_code == 200


def test_nothing_that_was_answered_to_is_lost_in_a_crash_which_leaves_no_process(home: Home) -> None:
    members = home.family()
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

    until(lambda: not living(members) and not processes(home.folder))
    home.start()

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


def test_stopping_leaves_no_process_behind_and_a_start_brings_an_index_that_was_left_behind_in_line(
    home: Home,
) -> None:
    with api(home.sign_in) as client:
        home.one_answered(client)
        everything = home.everything(client)
        answered = home.everything(client, among(response("status"), "submitted"))
    members = home.family()
    home.server.stop()
    until(lambda: not living(members))
    [index] = home.folder.glob("search-*.db")
    with sqlite3.connect(index) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("DELETE FROM record WHERE external_id IN ('r1', 'r2')")
        connection.execute("DELETE FROM facet WHERE kind LIKE 'response.%'")
        connection.execute("DELETE FROM part WHERE kind = 'response'")
        connection.execute("UPDATE record SET id = hex(randomblob(16)) WHERE external_id = 'r3'")
    connection.close()
    with sqlite3.connect(home.folder / "argilla.db") as connection:
        # as if the job that sets it had been lost
        connection.execute("UPDATE records SET status = 'pending'")
    connection.close()

    home.start()

    with api(home.sign_in) as client:
        assert home.everything(client) == everything
        assert home.search(client).found(text="number1 | number2 | number3") != []
        assert home.everything(client, among(response("status"), "submitted")) == answered
        assert home.everything(client, among(record_is("status"), "completed")) == answered


def test_it_ends_when_its_standard_input_closes_and_finds_answers_although_its_index_was_deleted(
    home: Home,
) -> None:
    with api(home.sign_in) as client:
        record = home.one_answered(client)
    members = home.family()
    process = home.server._process
    assert process
    assert process.stdin
    process.stdin.close()

    assert process.wait(PATIENCE_S) == 0
    until(lambda: not living(members))
    home.server.stop()
    for file in home.folder.glob("search*.db*"):
        file.unlink()
    home.start()

    with api(home.sign_in) as client:
        [number] = record["external_id"].split("r")[1:]
        asking = home.search(client)
        assert asking.found(text=f"number{number}") == [record["external_id"]]
        assert record["external_id"] in home.everything(client, among(response("status"), "submitted"))
        assert record["external_id"] in home.everything(client, among(response(question="label"), "bug"))


def test_it_serves_before_its_index_is_made_and_says_what_is_missing_until_then(home: Home) -> None:
    with api(home.sign_in) as client:
        home.log_more(client, 50)
        everything = home.everything(client)
    home.server.stop()
    for file in home.folder.glob("search*.db*"):
        file.unlink()

    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(home.server.start)
        until(lambda: home.server.progress)
        with pytest.raises(ArgillaNotStartedError, match=f"another Argilla runs on {home.folder}"):
            EmbeddedArgilla(home.folder, 0).start()
        [file] = home.folder.glob("search-*.db")
        with closing(sqlite3.connect(file, isolation_level=None, timeout=PATIENCE_S)) as busy:
            busy.execute("BEGIN IMMEDIATE")  # nobody else writes into it
            home.sign_in = starting.result(PATIENCE_S)
            told = until(lambda: home.server.progress).words()
            killed = until(lambda: child(home.supervisor, "supervising.reconcile"))
            os.kill(killed, signal.SIGKILL)
            again = until(lambda: child(home.supervisor, "supervising.reconcile"))
            with api(home.sign_in) as client:
                listed = client.get(f"/datasets/{home.dataset}/records", params={"limit": 1}).json()
                refused = home.search(client).search(text="message")
                purged = client.post("/purge")

    assert "search index" in told
    assert again != killed
    assert listed["total"] == len(everything)
    assert refused.status_code == 503
    assert "checking its search index" in refused.json()["detail"]
    assert int(refused.headers["Retry-After"]) > 0
    assert purged.status_code == 503
    home.start()
    with api(home.sign_in) as client:
        assert home.everything(client, text="message") == everything
        assert client.post("/purge").status_code == 204


def unlink(file: Path) -> None:
    for one in file.parent.glob(f"{file.name}*"):
        one.unlink()


def cut_in_half(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


@pytest.mark.parametrize("damage", [unlink, cut_in_half])
def test_an_index_that_is_damaged_in_use_is_made_again_meanwhile(
    home: Home, damage: Callable[[Path], None]
) -> None:
    with api(home.sign_in) as client:
        home.log_more(client, 400)
        everything = home.everything(client)
        [file] = home.folder.glob("search-*.db")
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

        damage(file)

        def found() -> bool:
            answer = home.search(client).search(text="message", limit=1)
            assert answer.status_code in (200, 503), answer.text
            return bool(answer.is_success and answer.json()["total"] == len(everything))

        until(found)
        assert home.everything(client, text="message") == everything


def test_keys_and_words_are_kept_from_other_users_and_the_logs(home: Home) -> None:
    with api(home.sign_in) as client, address() as listening:
        wanted = {"url": listening.url, "events": ["record.created"], "description": "test"}
        hook = client.post("/webhooks", json=wanted).json()
        home.one_answered(client)
        told = listening.next().body
        client.delete(f"/webhooks/{hook['id']}").raise_for_status()
    credentials = home.folder / "credentials.json"
    known = json.loads(credentials.read_text())

    logs = "".join(log.read_text(errors="replace") for log in (home.folder / "logs").iterdir())
    secrets = {name: value for name, value in known.items() if name != "username"}
    assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600
    assert secrets.keys() == {"password", "api_key", "auth_secret_key"}
    assert "Application startup complete" in logs
    assert not [name for name, value in secrets.items() if value in logs]
    assert b"message number" in told
    whole = re.sub(r"\s|worker\.py:\d+", "", logs)  # a log breaks its lines anywhere
    assert [quoted for quoted in ("messagenumber", "RecordEvent.created") if quoted in whole] == []
