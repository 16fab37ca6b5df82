"""Searching as a reviewer does, against the real server over HTTP."""

from __future__ import annotations

import httpx
import pytest

from tests.local.argilla.asking import Asking, between, metadata, response
from tests.local.argilla.asking import among as is_among

EVERYTHING = {"login", "slow", "invoice", "parcel", "thanks", "tokyo", "sql"}


def test_without_a_question_every_record_is_there(reviews: Asking) -> None:
    assert set(reviews.found()) == EVERYTHING
    assert reviews.total() == len(EVERYTHING)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("login", {"login", "slow"}),
        ("LOGIN Page", {"login", "slow"}),
        ("login invoice", set()),
        ('"login page"', {"login"}),
        ('"page login"', set()),
        ("mon*", {"invoice", "parcel"}),
        ("mon", set()),
        ('invoice -"monthly invoice"', {"parcel"}),
        ("-page", EVERYTHING - {"login", "slow"}),
        ("merci | invoice", {"thanks", "invoice", "parcel"}),
        ("today login | parcel", {"login", "slow"}),
        ("caf\u00e9", {"thanks"}),
        ("cafe\u0301", {"thanks"}),
        ("cafe", set()),
        ("👍", {"thanks"}),
        ("天気", {"tokyo"}),
        ("天 京", {"tokyo"}),
        ("京天", set()),
        ("snake_case", {"sql"}),
        ("don't", {"sql"}),
        ("lost parcel", {"parcel"}),
        ("billing", {"invoice"}),
        ("look", {"login"}),
        ("", set()),
        ("?!", set()),
    ],
)
def test_words_are_found_as_reviewers_expect(reviews: Asking, typed: str, found: set[str]) -> None:
    assert set(reviews.found(text=typed)) == found


def test_one_field_can_be_searched_alone(reviews: Asking) -> None:
    assert reviews.found(text="look", field="reply") == ["login"]
    assert reviews.found(text="look", field="text") == []
    assert reviews.found(text="lost", field="chat") == ["parcel"]
    assert reviews.found(text="Billing", field="page") == ["invoice"]
    assert reviews.found(text="127", field="picture") == []


def test_a_field_that_is_not_there_is_refused(reviews: Asking) -> None:
    assert reviews.search(text="look", field='text" OR "reply').status_code == 422


@pytest.mark.parametrize(
    "typed",
    [
        '"',
        '""',
        '"""',
        "'; DROP TABLE record; --",
        "login NEAR/2 page)",
        "NEAR(login page, 2",
        "text : login",
        "{text reply} : login",
        "- login ^",
        "login AND",
        "OR OR OR",
        "NOT",
        "((((",
        "*",
        "* login*",
        "+ - | \\",
        "login\x00page",
        "\u202elogin",
        "👩‍👩‍👧‍👦 🏳️‍🌈",
        "%_%",
        "login " * 3_000,
        "x" * 20_000,
        '" ' * 5_000,
    ],
)
def test_nothing_that_is_typed_breaks_the_search(reviews: Asking, typed: str) -> None:
    assert reviews.search(text=typed).status_code == 200
    assert set(reviews.found()) == EVERYTHING


def test_words_of_the_query_language_are_words(reviews: Asking) -> None:
    assert reviews.found(text="NEAR AND OR NOT") == ["sql"]
    assert reviews.found(text="near not users") == ["sql"]
    assert reviews.found(text="text:reply") == ["sql"]


def test_the_best_match_comes_first(reviews: Asking) -> None:
    hits = reviews.hits(text="page login")

    assert [id_ for id_, _ in hits] == ["login", "slow"]
    assert hits[0][1] > hits[1][1]


def test_words_and_filters_narrow_each_other(reviews: Asking) -> None:
    long = between(metadata("length"), low=30)

    assert reviews.found(long, text="login") == ["slow"]
    assert reviews.found(long, is_among(metadata("channel"), "billing"), text="login") == []


def test_pages_follow_each_other_without_a_gap(reviews: Asking) -> None:
    pages = [reviews.found(offset=offset, limit=3) for offset in (0, 3, 6)]

    assert [len(page) for page in pages] == [3, 3, 1]
    assert {one for page in pages for one in page} == EVERYTHING
    assert reviews.total(offset=6, limit=3) == len(EVERYTHING)


def test_two_reviewers_meet_the_records_in_different_orders(
    reviews: Asking, annotators: dict[str, httpx.Client]
) -> None:
    mine = {name: Asking(client, reviews.dataset, me=True) for name, client in annotators.items()}

    ana, ben = mine["ana"].found(), mine["ben"].found()

    assert set(ana) == set(ben) == EVERYTHING
    assert ana == mine["ana"].found()
    assert ana != ben


def test_a_reviewer_is_asked_what_is_left_for_them(
    reviews: Asking, annotators: dict[str, httpx.Client]
) -> None:
    left = is_among(response("status"), "pending")
    found = {
        name: set(Asking(client, reviews.dataset, me=True).found(left)) for name, client in annotators.items()
    }

    assert found["ana"] == EVERYTHING - {"login", "slow", "parcel"}
    assert found["ben"] == EVERYTHING - {"login", "invoice"}
