"""Filters and sorts, against the real server over HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta

import httpx
import pytest

from tests.local.argilla.asking import Asking, Json, among, between, metadata, record_is, response, suggested

EVERYTHING = {"login", "slow", "invoice", "parcel", "thanks", "tokyo", "sql"}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (among(record_is("status"), "completed"), {"login"}),
        (among(record_is("status"), "pending"), EVERYTHING - {"login"}),
        (among(record_is("status"), "pending", "completed"), EVERYTHING),
        (among(record_is("external_id"), "sql", "tokyo", "nobody"), {"sql", "tokyo"}),
        (among(metadata("channel"), "support"), {"login", "slow"}),
        (among(metadata("channel"), "support", "random"), {"login", "slow", "thanks"}),
        (among(metadata("channel"), "x' OR '1'='1"), set()),
        (among(metadata("length"), 28), {"login"}),
        (between(metadata("length"), 28, 37), {"login", "invoice", "parcel"}),
        (between(metadata("length"), low=38), {"slow"}),
        (between(metadata("weight"), high=0), {"invoice"}),
        (between(metadata("weight"), 0.5, 1.5), {"login", "slow"}),
        (among(response("status"), "submitted"), {"login", "parcel"}),
        (among(response("status"), "draft"), {"slow"}),
        (among(response("status"), "discarded"), {"invoice"}),
        (among(response("status"), "pending"), {"thanks", "tokyo", "sql"}),
        (among(response("status"), "pending", "draft"), {"thanks", "tokyo", "sql", "slow"}),
        (among(response(question="label"), "question"), {"login", "parcel"}),
        (among(response(question="label"), "thanks"), {"slow"}),
        (among(response(question="tags"), "web"), {"login"}),
        (among(response(question="stars"), 3, 4), {"login", "parcel"}),
        (between(response(question="stars"), low=4), {"login"}),
        (among(suggested("label"), "bug"), {"login", "slow"}),
        (among(suggested("label"), "question", "thanks"), {"invoice"}),
        (among(suggested("tags"), "app"), {"login"}),
        (among(suggested("stars"), "4"), {"slow"}),
        (between(suggested("stars"), high=3), {"login"}),
        (between(suggested("label", "score"), 0.5, 0.8), {"invoice"}),
        (among(suggested("label", "agent"), "v2"), {"slow", "invoice"}),
        (among(suggested("marks", "agent"), "finder"), {"invoice"}),
        (among(suggested("ranks", "agent"), "ranker"), {"thanks"}),
        (among(suggested("label", "type"), "model"), {"login"}),
    ],
)
def test_a_filter_leaves_what_it_names(reviews: Asking, wanted: Json, found: set[str]) -> None:
    assert set(reviews.found(wanted)) == found


def test_filters_all_have_to_hold(reviews: Asking) -> None:
    wanted = (
        among(suggested("label"), "bug"),
        between(metadata("length"), 60),
        among(response("status"), "draft"),
    )

    assert reviews.found(*wanted) == ["slow"]
    assert reviews.found(*wanted, among(record_is("status"), "completed")) == []


def test_a_reviewer_filters_by_their_own_answers(
    reviews: Asking, annotators: dict[str, httpx.Client]
) -> None:
    ana = Asking(annotators["ana"], reviews.dataset, me=True)
    ben = Asking(annotators["ben"], reviews.dataset, me=True)
    question = among(response(question="label"), "question")

    assert (ana.found(question), ben.found(question)) == (["parcel"], ["login"])
    assert set(ana.found(among(response("status"), "submitted"))) == {"login", "parcel"}
    assert ben.found(among(response("status"), "discarded")) == ["invoice"]


def test_times_are_a_range(reviews: Asking) -> None:
    items = reviews.search().json()["items"]
    times = sorted(datetime.fromisoformat(one["record"]["inserted_at"]) for one in items)
    inserted = record_is("inserted_at")

    later = (times[-1] + timedelta(minutes=1)).isoformat()
    assert set(reviews.found(between(inserted, times[0].isoformat(), later))) == EVERYTHING
    assert reviews.found(between(inserted, low=later)) == []


def test_a_filter_on_what_the_dataset_lacks_is_refused(reviews: Asking) -> None:
    assert reviews.search(among(metadata("nothing"), "x")).status_code == 422
    assert reviews.search(among(suggested("nothing"), "x")).status_code == 422


@pytest.mark.parametrize("value", ["nan", "inf", "1e400", "9" * 40, "", "\x00", "\u202e", "١٢", "1_0"])
def test_odd_values_find_nothing(reviews: Asking, value: str) -> None:
    assert reviews.found(among(metadata("length"), value)) == []
    assert reviews.found(among(metadata("channel"), value)) == []
    assert reviews.search(between(record_is("external_id"), value, value)).status_code == 200


@pytest.mark.parametrize(
    ("by", "first"),
    [
        ([(metadata("length"), "asc")], ["login", "invoice", "parcel", "slow"]),
        ([(metadata("length"), "desc")], ["slow", "parcel", "invoice", "login"]),
        ([(metadata("weight"), "desc")], ["thanks", "slow", "login", "invoice"]),
        (
            [(metadata("channel"), "asc"), (metadata("length"), "desc")],
            ["parcel", "invoice", "thanks", "slow"],
        ),
        ([(suggested("label", "score"), "desc")], ["login", "invoice", "slow"]),
        ([(suggested("label", "agent"), "asc"), (metadata("length"), "asc")], ["login", "invoice", "slow"]),
        ([(suggested("stars"), "desc")], ["slow", "login"]),
        ([(response(question="stars"), "desc")], ["parcel", "login"]),
        ([(record_is("external_id"), "asc")], ["invoice", "login", "parcel"]),
        ([(record_is("status"), "asc")], ["login"]),
    ],
)
def test_records_stand_in_the_order_asked_for_and_those_without_the_value_last(
    reviews: Asking, by: list[tuple[Json, str]], first: list[str]
) -> None:
    found = reviews.found(sort=by)

    assert set(found) == EVERYTHING
    assert found[: len(first)] == first


def test_an_order_that_is_asked_for_goes_before_rank(reviews: Asking) -> None:
    by_length = [(metadata("length"), "desc")]

    assert reviews.found(text="login", sort=by_length) == ["slow", "login"]
