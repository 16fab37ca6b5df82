"""What is changed is found as it is now: records, answers, suggestions, vectors, datasets."""

from __future__ import annotations

import itertools
import os

import httpx
import pytest

from tests.local.argilla.asking import Asking, Json, among, between, metadata, record_is, response, suggested
from tests.local.argilla.client import rg
from tests.local.argilla.reviews import records, settings

numbers = itertools.count(10_000 * os.getpid())  # other workers make datasets, too


@pytest.fixture
def dataset(team: rg.Argilla) -> rg.Dataset:
    """The dataset of `reviews.py`, not answered yet, of this test alone."""
    made = rg.Dataset(
        f"changes-{next(numbers)}", workspace="reading", settings=settings(), client=team
    ).create()
    made.records.log(records())
    return made


@pytest.fixture
def asking(owner: httpx.Client, dataset: rg.Dataset) -> Asking:
    return Asking(owner, str(dataset.id))


def record(asking: Asking, external_id: str) -> Json:
    items = asking.search(among(record_is("external_id"), external_id)).json()["items"]
    [found] = items
    told: Json = found["record"]
    return told


def progress(asking: Asking) -> dict[str, int]:
    told = asking.client.get(f"/datasets/{asking.dataset}/progress").json()
    return {name: told[name] for name in ("total", "completed", "pending")}


def question_id(dataset: rg.Dataset, name: str) -> str:
    return str(dataset.settings.questions[name].id)


def answer(client: httpx.Client, record_id: str, status: str, label: str) -> str:
    body = {"status": status, "values": {"label": {"value": label}}}
    made = client.post(f"/records/{record_id}/responses", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def test_a_record_that_is_logged_again_is_found_by_its_new_words(asking: Asking, dataset: rg.Dataset) -> None:
    dataset.records.log([rg.Record(id="login", fields={"text": "Everything works"}, metadata={"length": 16})])

    assert asking.found(text="login") == ["slow"]
    assert asking.found(text="works") == ["login"]
    assert asking.found(among(metadata("length"), 16)) == ["login"]
    assert asking.found(among(suggested("label"), "bug"), text="works") == ["login"]
    assert asking.total() == len(records())


def test_changed_metadata_and_vectors_are_found(asking: Asking) -> None:
    change = {"metadata": {"channel": "moved"}, "vectors": {"meaning": [0.0, 0.0, 1.0]}}
    login = record(asking, "login")

    assert asking.client.patch(f"/records/{login['id']}", json=change).status_code == 200

    assert asking.found(among(metadata("channel"), "moved")) == ["login"]
    assert asking.found(between(metadata("length"), 28, 28)) == []
    up = {"name": "meaning", "value": [0.0, 0.0, 1.0]}
    assert asking.found(vector=up, limit=1) == ["login"]


def test_a_suggestion_is_replaced_and_taken_back(asking: Asking, dataset: rg.Dataset) -> None:
    login = record(asking, "login")
    of_login = f"/records/{login['id']}/suggestions"
    thanks = {"question_id": question_id(dataset, "label"), "value": "thanks", "score": 0.1, "agent": "v3"}

    put = asking.client.put(of_login, json=thanks)

    assert put.status_code == 200, put.text
    assert asking.found(among(suggested("label"), "thanks")) == ["login"]
    assert asking.found(among(suggested("label", "agent"), "v1")) == []
    assert asking.found(among(suggested("tags"), "app")) == ["login"]

    taken = asking.client.delete(of_login, params={"ids": put.json()["id"]})

    assert taken.status_code == 204, taken.text
    assert asking.found(among(suggested("label"), "thanks")) == []
    assert asking.found(among(suggested("tags"), "app")) == ["login"]


def test_an_answer_is_given_changed_and_taken_back(
    asking: Asking, annotators: dict[str, httpx.Client]
) -> None:
    ana = annotators["ana"]
    login = record(asking, "login")
    id_ = answer(ana, login["id"], "draft", "bug")
    assert asking.found(among(response("status"), "draft")) == ["login"]

    body = {"status": "submitted", "values": {"label": {"value": "thanks"}}}
    assert ana.put(f"/responses/{id_}", json=body).status_code == 200

    assert asking.found(among(response("status"), "draft")) == []
    assert asking.found(among(response(question="label"), "thanks")) == ["login"]
    assert asking.found(among(response(question="label"), "bug")) == []

    assert ana.delete(f"/responses/{id_}").status_code == 200

    assert asking.found(among(response("status"), "submitted")) == []
    assert len(asking.found(among(response("status"), "pending"))) == len(records())


def test_answers_given_in_one_go_are_found(asking: Asking, annotators: dict[str, httpx.Client]) -> None:
    ids = [record(asking, name)["id"] for name in ("login", "slow")]
    items = [{"record_id": id_, "status": "submitted", "values": {"label": {"value": "bug"}}} for id_ in ids]

    assert annotators["ben"].post("/me/responses/bulk", json={"items": items}).status_code == 200

    assert set(asking.found(among(response(question="label"), "bug"))) == {"login", "slow"}


def test_progress_follows_the_answers(asking: Asking, annotators: dict[str, httpx.Client]) -> None:
    login, slow = (record(asking, name)["id"] for name in ("login", "slow"))
    answer(annotators["ana"], login, "submitted", "bug")
    answer(annotators["ben"], login, "submitted", "bug")
    answer(annotators["ana"], slow, "discarded", "bug")

    of_ana = annotators["ana"].get(f"/me/datasets/{asking.dataset}/metrics").json()

    assert progress(asking) == {"total": 7, "completed": 1, "pending": 6}
    assert of_ana["responses"] == {"total": 7, "submitted": 1, "discarded": 1, "draft": 0, "pending": 5}
    assert asking.found(among(record_is("status"), "completed")) == ["login"]


def test_fewer_answers_asked_for_complete_more_records(
    asking: Asking, annotators: dict[str, httpx.Client], dataset: rg.Dataset
) -> None:
    dataset.settings.distribution = rg.TaskDistribution(min_submitted=1)
    dataset.settings.update()

    answer(annotators["ana"], record(asking, "slow")["id"], "submitted", "bug")

    assert asking.found(among(record_is("status"), "completed")) == ["slow"]


def test_metadata_has_figures(asking: Asking, dataset: rg.Dataset) -> None:
    figures = {
        name: asking.client.get(f"/metadata-properties/{dataset.settings.metadata[name].id}/metrics").json()
        for name in ("channel", "length", "weight")
    }

    counts = {one["term"]: one["count"] for one in figures["channel"]["values"]}
    assert counts == {"support": 2, "billing": 2, "random": 1}
    assert figures["channel"]["total"] == 5
    assert figures["length"] == {"type": "integer", "min": 28, "max": 63}
    assert figures["weight"] == {"type": "float", "min": -2.0, "max": 2.5}


def test_a_property_that_is_added_later_can_be_filtered(asking: Asking, dataset: rg.Dataset) -> None:
    asking.client.post(
        f"/datasets/{asking.dataset}/metadata-properties",
        json={"name": "mood", "title": "Mood", "settings": {"type": "terms"}, "visible_for_annotators": True},
    ).raise_for_status()
    login = record(asking, "login")
    asking.client.patch(f"/records/{login['id']}", json={"metadata": {"mood": ["calm", "glad"]}})

    assert asking.found(among(metadata("mood"), "glad")) == ["login"]


def test_whole_numbers_of_any_length_are_kept_exactly(asking: Asking, dataset: rg.Dataset) -> None:
    long = 9_007_199_254_740_993
    sizes = {"long": long, "next": long - 1, "endless": 10**30}
    dataset.records.log(
        [rg.Record(id=name, fields={"text": name}, metadata={"length": size}) for name, size in sizes.items()]
    )

    assert asking.found(among(metadata("length"), str(long))) == ["long"]
    assert asking.found(text="endless") == ["endless"]


def test_deleted_records_are_gone_from_every_search(asking: Asking, dataset: rg.Dataset) -> None:
    ids = ",".join(record(asking, name)["id"] for name in ("login", "slow"))

    assert asking.client.delete(f"/datasets/{asking.dataset}/records", params={"ids": ids}).status_code == 204

    assert asking.found(text="login") == []
    assert asking.found(among(metadata("channel"), "support")) == []
    assert len(asking.found(vector={"name": "meaning", "value": [0.0, 1.0, 0.0]})) == 3
    assert progress(asking) == {"total": 5, "completed": 0, "pending": 5}


def test_a_deleted_dataset_is_gone(asking: Asking, dataset: rg.Dataset) -> None:
    dataset.delete()

    assert asking.search(text="login").status_code == 404


def test_the_client_reads_back_what_it_logged(dataset: rg.Dataset) -> None:
    query = rg.Query(
        query="login", filter=rg.Filter([("label.suggestion", "==", "bug"), ("metadata.length", ">=", 30)])
    )

    [found] = list(dataset.records(query=query, with_vectors=True))

    assert found.id == "slow"
    assert found.suggestions["label"].score == pytest.approx(0.4)
    assert dict(found.vectors) == {"meaning": [1.0, 1.0, 0.0]}


def test_the_client_finds_similar_records(dataset: rg.Dataset) -> None:
    similar = rg.Query(similar=rg.Similar(name="meaning", value=[0.0, 1.0, 0.0]))

    found = [one.id for one, _ in dataset.records(query=similar, limit=2)]

    assert found == ["login", "slow"]
