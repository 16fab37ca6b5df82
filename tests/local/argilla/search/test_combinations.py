"""Words, filters, likeness, orders and pages together, against the real server over HTTP."""

from __future__ import annotations

import itertools
import os
from datetime import UTC, datetime, timedelta, timezone

import httpx
import pytest

from tests.local.argilla.asking import Asking, Json, among, between, metadata, record_is, response, suggested
from tests.local.argilla.client import rg
from tests.local.argilla.reviews import SECRET, records, settings

EVERYTHING = {"login", "slow", "invoice", "parcel", "thanks", "tokyo", "sql"}
NORTH = [0.0, 1.0, 0.0]


def to(value: list[float], order: str = "most_similar") -> Json:
    return {"name": "meaning", "value": value, "order": order}


def own_id(asking: Asking, external_id: str) -> str:
    [found] = asking.search(among(record_is("external_id"), external_id)).json()["items"]
    return str(found["record"]["id"])


@pytest.fixture
def mine(reviews: Asking, annotators: dict[str, httpx.Client]) -> dict[str, Asking]:
    """The dataset as each of the annotators sees it."""
    return {name: Asking(client, reviews.dataset, me=True) for name, client in annotators.items()}


def test_records_are_found_by_their_own_id(reviews: Asking) -> None:
    ids = [own_id(reviews, name) for name in ("login", "sql")]

    assert set(reviews.found(among(record_is("id"), *ids))) == {"login", "sql"}
    assert reviews.found(among(record_is("id"), ids[0]), text="today") == ["login"]
    assert reviews.found(among(record_is("id"), "no id at all")) == []


@pytest.mark.parametrize("name", ["inserted_at", "updated_at"])
def test_a_range_of_times_holds_both_of_its_ends_in_any_zone(reviews: Asking, name: str) -> None:
    items = [one["record"] for one in reviews.search().json()["items"]]
    times = {one["external_id"]: datetime.fromisoformat(one[name]) for one in items}
    first, last = min(times.values()), max(times.values())
    east = timezone(timedelta(hours=5, minutes=30))
    utc = [one.replace(tzinfo=UTC) for one in (first, last)]
    scope = record_is(name)

    assert set(reviews.found(between(scope, first.isoformat(), last.isoformat()))) == EVERYTHING
    assert (
        set(reviews.found(between(scope, *(one.astimezone(east).isoformat() for one in utc)))) == EVERYTHING
    )
    assert reviews.found(between(scope, high=(first - timedelta(microseconds=1)).isoformat())) == []
    assert set(reviews.found(between(scope, first.isoformat(), first.isoformat()))) == {
        one for one, time in times.items() if time == first
    }


def test_what_a_reviewer_has_left_can_be_searched_too(mine: dict[str, Asking]) -> None:
    pending = among(response("status"), "pending")

    assert mine["ana"].found(pending, text="invoice") == ["invoice"]
    assert mine["ben"].found(pending, text="invoice") == ["parcel"]
    assert set(mine["ana"].found(among(response("status"), "pending", "draft"))) == EVERYTHING - {
        "login",
        "parcel",
    }
    assert mine["ben"].found(pending, vector=to(NORTH)) == ["slow", "parcel", "thanks"]


def test_a_reviewer_sorts_by_their_own_answers(mine: dict[str, Asking]) -> None:
    stars = response(question="stars")

    assert mine["ana"].found(sort=[(stars, "desc")])[:2] == ["parcel", "login"]
    assert mine["ana"].found(sort=[(stars, "asc")])[:2] == ["login", "parcel"]
    assert mine["ben"].found(sort=[(stars, "asc")])[0] == "login"


@pytest.mark.parametrize("name", ["inserted_at", "updated_at", "id"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_records_are_sorted_by_what_the_server_gave_them(reviews: Asking, name: str, direction: str) -> None:
    items = reviews.search(sort=[(record_is(name), direction)]).json()["items"]
    values = [one["record"][name] for one in items]

    assert len(values) == len(EVERYTHING)
    assert values == sorted(values, reverse=direction == "desc")


def test_pages_of_a_sorted_search_follow_each_other_and_know_the_total(reviews: Asking) -> None:
    asked: Json = {"text": "login | invoice | tokyo | page", "sort": [(metadata("length"), "desc")]}
    whole = reviews.found(**asked)
    pages = [reviews.search(**asked, offset=offset, limit=2).json() for offset in (0, 2, 4)]

    assert whole == ["slow", "parcel", "invoice", "login"]
    assert [one["record"]["external_id"] for page in pages for one in page["items"]] == whole
    assert [page["total"] for page in pages] == [len(whole)] * 3


def test_the_total_counts_what_passes_the_filters(reviews: Asking) -> None:
    support = among(metadata("channel"), "support")

    assert reviews.total(support, limit=1) == 2
    assert reviews.total(support, text="today", offset=1, limit=1) == 2
    assert reviews.total(support, text="invoice") == 0


def test_the_least_similar_to_a_record_leave_it_out_and_keep_to_the_filter(reviews: Asking) -> None:
    unlike_login: Json = {
        "name": "meaning",
        "record_id": own_id(reviews, "login"),
        "order": "least_similar",
    }
    long = between(metadata("length"), high=100)

    assert reviews.found(vector=unlike_login) == ["thanks", "parcel", "invoice", "slow"]
    assert reviews.found(long, vector=unlike_login) == ["parcel", "invoice", "slow"]
    assert reviews.found(vector=unlike_login, limit=1) == ["thanks"]


def test_every_filter_narrows_a_search_by_likeness(reviews: Asking) -> None:
    scored = between(suggested("label", "score"), 0.3, 0.8)
    submitted = among(response("status"), "submitted")

    assert reviews.found(scored, vector=to(NORTH)) == ["slow", "invoice"]
    assert reviews.found(submitted, vector=to(NORTH, "least_similar")) == ["parcel", "login"]
    assert reviews.found(submitted, among(metadata("channel"), "billing"), vector=to(NORTH)) == ["parcel"]
    assert reviews.found(among(metadata("channel"), "nowhere"), vector=to(NORTH)) == []


numbers = itertools.count(10_000 * os.getpid())  # other workers make datasets, too


@pytest.fixture
def own(owner: httpx.Client, team: rg.Argilla) -> Asking:
    """The dataset of `reviews.py`, not answered yet, of this test alone."""
    made = rg.Dataset(f"own-{next(numbers)}", workspace="reading", settings=settings(), client=team).create()
    made.records.log(records())
    return Asking(owner, str(made.id))


def test_a_changed_vector_counts_at_once_in_both_directions(own: Asking) -> None:
    assert own.found(vector=to(NORTH), limit=1) == ["login"]

    change = {"vectors": {"meaning": [0.0, -3.0, 0.0]}}
    assert own.client.patch(f"/records/{own_id(own, 'login')}", json=change).status_code == 200

    assert own.found(vector=to(NORTH))[0] == "slow"
    assert set(own.found(vector=to(NORTH, "least_similar"), limit=2)) == {"login", "thanks"}
    like_thanks: Json = {"name": "meaning", "record_id": own_id(own, "thanks")}
    [(nearest, score)] = own.hits(vector=like_thanks, limit=1)
    assert nearest == "login"
    assert score == pytest.approx(1.0)


def test_a_record_that_gets_its_first_vector_is_found_by_it(own: Asking) -> None:
    change = {"vectors": {"meaning": [0.0, 0.0, 1.0]}}

    assert own.client.patch(f"/records/{own_id(own, 'tokyo')}", json=change).status_code == 200

    assert own.found(vector=to([0.0, 0.0, 1.0]), limit=1) == ["tokyo"]


def test_the_progress_of_everybody_is_told(own: Asking, annotators: dict[str, httpx.Client]) -> None:
    login = own_id(own, "login")
    for name, status in (("ana", "submitted"), ("ben", "draft")):
        answer = {"status": status, "values": {"label": {"value": "bug"}}}
        annotators[name].post(f"/records/{login}/responses", json=answer).raise_for_status()

    told = own.client.get(f"/datasets/{own.dataset}/users/progress").json()["users"]
    metrics = {
        name: client.get(f"/me/datasets/{own.dataset}/metrics").json()["responses"]
        for name, client in annotators.items()
    }

    by_name = {one["username"]: one for one in told}
    assert by_name["ana"]["pending"].get("submitted") == 1
    assert by_name["ben"]["pending"].get("draft") == 1
    assert metrics["ana"] == {"total": 7, "submitted": 1, "discarded": 0, "draft": 0, "pending": 6}
    assert metrics["ben"] == {"total": 7, "submitted": 0, "discarded": 0, "draft": 1, "pending": 6}


def test_metadata_that_nothing_has_has_empty_figures(owner: httpx.Client, team: rg.Argilla) -> None:
    dataset = rg.Dataset(
        f"empty-{next(numbers)}", workspace="reading", settings=settings(), client=team
    ).create()
    figures = {
        name: owner.get(f"/metadata-properties/{dataset.settings.metadata[name].id}/metrics").json()
        for name in ("channel", "length", "weight")
    }

    assert figures["channel"] == {"type": "terms", "total": 0, "values": []}
    assert figures["length"] == {"type": "integer", "min": None, "max": None}
    assert figures["weight"] == {"type": "float", "min": None, "max": None}


def test_nobody_finds_what_lies_in_a_workspace_of_others(
    owner: httpx.Client, team: rg.Argilla, own: Asking
) -> None:
    stranger = rg.User(f"eve-{next(numbers)}", role="annotator", password=SECRET, client=team).create()
    users = owner.get("/users").json()["items"]
    [key] = [one["api_key"] for one in users if one["username"] == stranger.username]
    headers = {"X-Argilla-Api-Key": key}
    with httpx.Client(base_url=owner.base_url, headers=headers) as client:
        assert Asking(client, own.dataset, me=True).search(text="login").status_code == 403
        assert Asking(client, own.dataset).search(text="login").status_code == 403


def test_two_datasets_do_not_find_each_others_records(reviews: Asking, own: Asking) -> None:
    own.client.patch(
        f"/records/{own_id(own, 'login')}", json={"metadata": {"channel": "elsewhere"}}
    ).raise_for_status()

    assert reviews.found(among(metadata("channel"), "elsewhere")) == []
    assert reviews.total(text="login") == own.total(text="login") == 2
    assert own.total(among(response("status"), "submitted")) == 0
