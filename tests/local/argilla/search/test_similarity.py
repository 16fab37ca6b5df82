"""Finding similar records, against the real server over HTTP. The vectors turn from north to south; see reviews.py."""

from __future__ import annotations

import math

import pytest

from tests.local.argilla.asking import Asking, Json, among, metadata, suggested

NORTH, EAST = [0.0, 5.0, 0.0], [2.0, 0.0, 0.0]


def to(value: list[float], order: str = "most_similar") -> Json:
    return {"name": "meaning", "value": value, "order": order}


def record_id(reviews: Asking, external_id: str) -> str:
    items = reviews.search().json()["items"]
    return next(one["record"]["id"] for one in items if one["record"]["external_id"] == external_id)


def test_the_nearest_come_first_with_their_scores(reviews: Asking) -> None:
    hits = reviews.hits(vector=to(NORTH))

    assert [id_ for id_, _ in hits] == ["login", "slow", "invoice", "parcel", "thanks"]
    half = math.sqrt(0.5) / 2
    assert [score for _, score in hits] == pytest.approx([1, 0.5 + half, 0.5, 0.5 - half, 0], abs=1e-6)


def test_the_least_similar_can_come_first(reviews: Asking) -> None:
    assert reviews.found(vector=to(NORTH, "least_similar"))[:2] == ["thanks", "parcel"]


def test_a_record_is_not_similar_to_itself(reviews: Asking) -> None:
    like_slow = {"name": "meaning", "record_id": record_id(reviews, "slow")}

    found = reviews.found(vector=like_slow)

    assert set(found[:2]) == {"login", "invoice"}
    assert "slow" not in found


def test_similarity_keeps_to_filters_and_words(reviews: Asking) -> None:
    billing = among(metadata("channel"), "billing")

    assert reviews.found(billing, vector=to(NORTH)) == ["invoice", "parcel"]
    assert reviews.found(billing, among(suggested("label"), "question"), vector=to(NORTH)) == ["invoice"]
    assert reviews.found(vector=to(NORTH), text="page") == ["login", "slow"]
    assert reviews.found(billing, vector=to(NORTH), text="page") == []


def test_no_more_come_than_were_asked_for(reviews: Asking) -> None:
    assert reviews.found(vector=to(EAST), limit=1) == ["invoice"]
    assert reviews.found(vector=to(NORTH), limit=2, offset=1) == ["slow", "invoice"]
    assert reviews.found(vector=to(NORTH), limit=2, offset=5) == []


def test_a_vector_of_another_size_or_name_is_refused(reviews: Asking) -> None:
    assert reviews.search(vector=to([1.0, 0.0])).status_code == 422
    assert reviews.search(vector=to(NORTH) | {"name": "colour"}).status_code == 422


def test_nothing_can_be_similar_to_a_record_without_a_vector(reviews: Asking) -> None:
    like_tokyo = {"name": "meaning", "record_id": record_id(reviews, "tokyo")}

    assert reviews.search(vector=like_tokyo).status_code == 422


def test_a_vector_without_a_direction_is_as_far_from_all(reviews: Asking) -> None:
    assert {score for _, score in reviews.hits(vector=to([0.0, 0.0, 0.0]))} == {0.5}
