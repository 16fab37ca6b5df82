"""What was deleted is in no file of the embedded Argilla's home, once it says so."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from local.argilla.embedded import SignIn
from local.argilla.search import index
from tests.local.argilla.asking import api
from tests.local.argilla.client import rg
from tests.local.running import until
from tests.traces import files_with

# Words that every encoding writes alike, and one that JSON escapes; the search keeps words in small letters.
SECRETS = ("zyxwmarkervuts", "ζσέκρετ")
TEXT = " and ".join(SECRETS)
NOWHERE = "http://127.0.0.1:9/"


@pytest.fixture
def home(argilla: SignIn, run_folder: Path) -> Path:
    return run_folder / "argilla"


@pytest.fixture
def dataset(team: rg.Argilla, owner: httpx.Client) -> Iterator[rg.Dataset]:
    settings = rg.Settings(
        fields=[rg.TextField("text")],
        questions=[rg.TextQuestion("why"), rg.LabelQuestion("label", ["bug", "question"], required=False)],
        metadata=[rg.TermsMetadataProperty("channel")],
    )
    made = rg.Dataset("secrets", workspace="reading", settings=settings, client=team).create()
    made.records.log([rg.Record(id="stays", fields={"text": "Nothing special"})])
    yield made
    owner.delete(f"/datasets/{made.id}")


def tell(dataset: rg.Dataset, annotators: dict[str, httpx.Client], number: int = 1) -> list[str]:
    """Have Argilla hear the secrets everywhere: records, suggestions, an answer, a draft, and a webhook that fails."""
    records = [
        rg.Record(
            id=f"secret {each}",
            fields={"text": f"{TEXT} {each}"},
            metadata={"channel": TEXT},
            suggestions=[rg.Suggestion("why", TEXT)],
        )
        for each in range(number)
    ]
    dataset.records.log(records)
    ids = {one.id: str(one._server_id) for one in dataset.records() if one.id != "stays"}
    for who, status in (("ana", "submitted"), ("ben", "draft")):
        answer = {"status": status, "values": {"why": {"value": TEXT}}}
        answered = annotators[who].post(f"/records/{ids['secret 0']}/responses", json=answer)
        assert answered.status_code == 201, answered.text
    return list(ids.values())


def purge(owner: httpx.Client) -> None:
    """Have files purged; other tests of this server may keep one busy for a moment."""
    until(lambda: owner.post("/purge").status_code == 204)


def test_of_deleted_records_nothing_is_left_in_any_file(
    argilla: SignIn, home: Path, owner: httpx.Client, annotators: dict[str, httpx.Client], dataset: rg.Dataset
) -> None:
    heard = {"url": NOWHERE, "events": ["response.created", "record.deleted"], "description": "a test"}
    webhook = owner.post("/webhooks", json=heard).json()["id"]
    ids = tell(dataset, annotators, number=20)
    before = files_with(home, *SECRETS)

    gone = owner.delete(f"/datasets/{dataset.id}/records", params={"ids": ",".join(ids)})
    purge(owner)
    again = owner.delete(f"/datasets/{dataset.id}/records", params={"ids": ",".join(ids)})
    owner.delete(f"/webhooks/{webhook}")

    assert {"argilla.db", f"search-{index.VERSION}.db"} <= {file.removesuffix("-wal") for file in before}
    assert any(file.startswith("valkey/") for file in before)
    assert (gone.status_code, again.status_code) == (204, 204)
    assert files_with(home, *SECRETS) == []
    assert [one.id for one in dataset.records()] == ["stays"]


def test_of_a_deleted_dataset_nothing_is_left_in_any_file(
    home: Path, owner: httpx.Client, annotators: dict[str, httpx.Client], dataset: rg.Dataset
) -> None:
    tell(dataset, annotators)

    owner.delete(f"/datasets/{dataset.id}")
    purge(owner)

    assert files_with(home, *SECRETS) == []


def test_while_somebody_reads_what_was_it_is_not_said_to_be_gone(
    home: Path, owner: httpx.Client, annotators: dict[str, httpx.Client], dataset: rg.Dataset
) -> None:
    ids = tell(dataset, annotators)
    with closing(sqlite3.connect(home / "argilla.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM records").fetchall()
        owner.delete(f"/datasets/{dataset.id}/records", params={"ids": ",".join(ids)})
        busy = owner.post("/purge")
        reader.execute("ROLLBACK")

    purge(owner)

    assert busy.status_code == 503
    assert files_with(home, *SECRETS) == []


def test_who_did_not_sign_in_can_have_nothing_purged(argilla: SignIn) -> None:
    with api(argilla, "no key of anybody") as stranger:
        assert stranger.post("/purge").status_code == 401
