"""Moving a dataset to another Argilla as docs/embedded-argilla.md tells: people first, then records with answers."""

from __future__ import annotations

import uuid
import warnings
from pathlib import Path

import httpx

from tests.local.argilla.asking import Asking, among, between, metadata, response, suggested
from tests.local.argilla.client import rg
from tests.local.argilla.reviews import SECRET


def test_a_person_is_made_with_the_id_they_had(owner: httpx.Client) -> None:
    person = {"id": str(uuid.uuid4()), "username": "moved", "first_name": "Moved", "password": SECRET}

    made = owner.post("/users", json={**person, "role": "annotator"}).json()

    assert made["id"] == person["id"]


def test_a_dataset_arrives_with_its_answers(reviews: Asking, team: rg.Argilla, tmp_path: Path) -> None:
    dataset = team.datasets("reviews", workspace="reading")
    dataset.to_disk(str(tmp_path), with_records=False)
    moved = rg.Dataset.from_disk(
        str(tmp_path), name="moved", workspace="reading", client=team, with_records=False
    )
    with warnings.catch_warnings(action="ignore"):  # of the answer without a value
        moved.records.log(list(dataset.records(with_vectors=True)))

    there = Asking(reviews.client, str(moved.id))
    for wanted in (
        [],
        [among(response("status"), "submitted")],
        [among(response("status"), "draft")],
        [among(response(question="label"), "question")],
        [among(suggested("label", "agent"), "v2")],
        [between(metadata("weight"), low=0)],
    ):
        assert sorted(there.found(*wanted)) == sorted(reviews.found(*wanted))
    north = {"name": "meaning", "value": [0.0, 1.0, 0.0]}
    assert there.found(vector=north) == reviews.found(vector=north)
