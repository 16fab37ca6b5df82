from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete
from sqlmodel import col

from learning.classifying.micro_batches import Classifier
from learning.data.trust import Belief
from learning.heads.none_of_these import PROMISE_MIN, floor
from learning.monitoring import review_report
from learning.monitoring.floors import GROWTH, POOL_MIN, Floors, Shares
from learning.serving.hot_swap import Following
from storage.database.engine import Database
from storage.models import floors, predictions, splits
from storage.tables.feedback import Label
from storage.tables.messages import Message, Mode
from storage.tables.models import Basis, Floor, Side, Vector
from tests.databases import on_both
from tests.factories import ANA, OTHER, TEAM, label_set, received, review_at_random, say
from tests.learning.tiny_models import WORDS
from tests.learning.tiny_team import TinyTeam

SHARE, SHARE_OF_QUESTIONS = 0.05, 0.1
NEVER_SURE = 1.0
BELIEF = Belief(operators=frozenset({ANA}))


@pytest.fixture
def team(database: Database, tmp_path: Path, tiny_base: str) -> TinyTeam:
    return TinyTeam(database, tmp_path, tiny_base)


@pytest.fixture
def following(team: TinyTeam) -> Following:
    return team.following()


def heard(database: Database, following: Following, number: int, **given: str) -> list[Message]:
    """Messages that were predicted."""
    phrases = itertools.permutations(WORDS, 4)
    some = [received(database, " ".join(next(phrases)), **given) for _ in range(number)]
    classifier = Classifier(database, TEAM, following.champion, NEVER_SURE)
    while classifier.predict_waiting().messages:
        pass
    return some


def respond(database: Database, some: list[Message], known: dict[str, Label]) -> None:
    for one, label in zip(some, itertools.cycle(known.values()), strict=False):
        review_at_random(database, one, label)


def made(
    database: Database, following: Following, share: float = SHARE, ask_below_margin: float = 1.0
) -> Floor:
    making = Floors(database, TEAM, following, Shares(share, SHARE_OF_QUESTIONS, ask_below_margin), BELIEF)
    making.step()
    making.close()
    with database.reading() as session:
        found = floors.latest(session, TEAM)
    assert found
    return found


def told(database: Database) -> dict[str, str]:
    with database.reading() as session:
        return dict(review_report.rows(session, TEAM, 50, BELIEF))


@on_both
def test_without_messages_nothing_is_called_none(
    database: Database, team: TinyTeam, following: Following
) -> None:
    assert told(database)["none of my labels"] == "not said yet"

    found = made(database, following)

    assert (found.basis, found.at, found.messages) == (Basis.NOTHING, None, 0)
    assert told(database)["none of my labels"] == (
        "no guarantee yet: 0 of 20 random responses that have a label; until then nothing is called that"
    )


def test_before_anything_is_labelled_the_floor_is_under_almost_all_messages(
    database: Database, team: TinyTeam, following: Following
) -> None:
    some = heard(database, following, POOL_MIN)

    found = made(database, following)

    with database.reading() as session:
        fingerprint = following.champion.served.encoder.fingerprint
        vectors = predictions.vectors(session, fingerprint, [one.id for one in some])
    likeness = following.champion.served.head.likeness(np.stack(list(vectors.values())))
    assert (found.basis, found.messages) == (Basis.POOL, POOL_MIN)
    assert found.at == floor(likeness, SHARE)


@on_both
def test_twenty_random_responses_promise_what_corrections_do_not(
    database: Database, team: TinyTeam, following: Following
) -> None:
    some = heard(database, following, 2 * PROMISE_MIN)
    for one in some[:PROMISE_MIN]:
        say(database, one, ANA, team.known["invoice"])
    cautious = made(database, following)
    unpromised = told(database)["none of my labels"]
    respond(database, some[PROMISE_MIN:], team.known)

    promised = made(database, following)

    assert (cautious.basis, cautious.messages) == (Basis.LABELLED, PROMISE_MIN)
    assert unpromised.startswith("no guarantee yet: 0 of 20 random responses")
    assert (promised.basis, promised.messages) == (Basis.RESPONSES, PROMISE_MIN)
    assert promised.at is not None
    assert told(database)["none of my labels"] == (
        "promised: at least 95% of messages that have a label get one (made of 20 random responses)"
    )


def test_a_message_that_reviewers_discard_has_no_label_and_promises_nothing(
    database: Database, team: TinyTeam, following: Following
) -> None:
    some = heard(database, following, PROMISE_MIN)
    respond(database, some[1:], team.known)
    review_at_random(database, some[0], None)

    assert made(database, following).basis is Basis.NOTHING


def test_what_the_encoder_was_trained_on_promises_nothing(
    database: Database, team: TinyTeam, following: Following
) -> None:
    some = heard(database, following, PROMISE_MIN + 1)
    respond(database, some, team.known)
    with database.writing() as session:
        splits.keep(session, TEAM, {one.id: Side.TRAINING for one in some[:2]})
    assert made(database, following).messages == PROMISE_MIN + 1

    team.promote(team.version(seed=1))
    following.follow()

    assert made(database, following).basis is Basis.NOTHING


def test_another_version_calls_nothing_none_until_its_own_floor_is_made(
    database: Database, team: TinyTeam, following: Following
) -> None:
    heard(database, following, POOL_MIN)
    before = made(database, following)
    team.promote(team.version(seed=1))
    following.follow()

    with database.reading() as session:
        known = [floors.of_version(session, TEAM, number) for number in (1, 2)]
        of_other = floors.of_version(session, OTHER, 1)

    assert known == [before.at, None]
    assert of_other is None
    assert made(database, following).version == 2


def test_a_floor_stands_until_a_tenth_more_is_labelled(
    database: Database, team: TinyTeam, following: Following
) -> None:
    number = 2 * PROMISE_MIN
    more = int(GROWTH * number) + 1
    some = heard(database, following, number + more)
    for one in some[:number]:
        say(database, one, ANA, team.known["invoice"])
    first = made(database, following)
    for one in some[number:-1]:
        say(database, one, ANA, team.known["export"])
    second = made(database, following)
    say(database, some[-1], ANA, team.known["export"])

    third = made(database, following)

    assert second.made_at == first.made_at
    assert third.made_at > first.made_at
    assert made(database, following, share=0.2).share == 0.2


def test_a_floor_is_made_again_once_embeddings_are_centred_otherwise(
    database: Database, team: TinyTeam, following: Following
) -> None:
    heard(database, following, POOL_MIN)
    first = made(database, following)
    served = following.champion.served
    mean = np.full(served.encoder.dimensions, 0.1, dtype=np.float32)
    following.champion.swap(replace(served, head=replace(served.head, mean=mean)))

    second = made(database, following)

    assert second.made_at > first.made_at
    assert second.at != first.at
    assert made(database, following).made_at == second.made_at


def test_a_floor_made_before_all_was_read_is_made_again_when_it_was(
    database: Database, team: TinyTeam, following: Following
) -> None:
    some = heard(database, following, POOL_MIN)
    fingerprint = following.champion.served.encoder.fingerprint
    with database.writing() as session:
        ids = [one.id for one in some]
        vectors = predictions.vectors(session, fingerprint, ids)
        session.exec(delete(Vector).where(col(Vector.message_id).in_(ids[:50])))
    partly = made(database, following)
    with database.writing() as session:
        predictions.keep_vectors(session, fingerprint, {one: vectors[one] for one in ids[:50]})

    wholly = made(database, following)

    assert (partly.messages, wholly.messages) == (50, POOL_MIN)


@on_both
def test_status_shows_how_many_random_responses_with_a_label_got_one(
    database: Database, team: TinyTeam, following: Following
) -> None:
    heard(database, following, POOL_MIN)
    found = made(database, following)
    with database.writing() as session:  # everything falls below
        floors.keep(session, Floor(**{**found.model_dump(), "at": 9.0}))
    none = heard(database, following, 1)
    with database.writing() as session:
        floors.keep(session, Floor(**{**found.model_dump(), "at": -9.0}))
    labelled = heard(database, following, 3)

    respond(database, none + labelled, team.known)

    assert told(database)["got a label, of random responses that have one"] == "3 of 4 (75%)"


# What questions offer


OFFERS = "labels that a question offers"
OFFERED = "the right label was among those offered, of random responses to questions"


@on_both
def test_the_set_of_labels_is_made_of_responses_to_messages_that_a_question_would_be_about(
    database: Database, team: TinyTeam, following: Following
) -> None:
    unknown = told(database)[OFFERS]
    some = heard(database, following, PROMISE_MIN)
    respond(database, some[1:], team.known)
    before = made(database, following)
    unpromised = told(database)[OFFERS]
    respond(database, some[:1], team.known)

    promised = made(database, following)
    said = told(database)
    sure = made(database, following, ask_below_margin=0.0)

    assert unknown == "the 3 likeliest"
    assert before.offers_at is None
    assert unpromised.startswith(f"no guarantee yet: 0 of {PROMISE_MIN} random responses to messages that")
    # With two labels, which are offered in any case, nothing is missing.
    assert (promised.offers_at, promised.questions) == (1.0, PROMISE_MIN)
    assert (
        said[OFFERS]
        == "promised: at least 90% of questions offer the right one (made of 20 random responses)"
    )
    assert said[OFFERED] == "no responses yet"
    assert (sure.offers_at, sure.questions) == (None, 0)


def test_where_not_even_five_labels_keep_the_promise_there_is_none(
    database: Database, team: TinyTeam, following: Following
) -> None:
    heard(database, following, POOL_MIN)
    found = made(database, following)
    unkept = {"offers_at": 0.0, "questions": 30}
    with database.writing() as session:
        floors.keep(session, Floor(**{**found.model_dump(), **unkept}))

    assert told(database)[OFFERS] == (
        "no guarantee: even the 5 likeliest miss the right one more often than 10%, so these are offered "
        "(made of 30 random responses)"
    )


@on_both
def test_status_shows_how_many_questions_offered_the_right_label(
    database: Database, team: TinyTeam, following: Following
) -> None:
    heard(database, following, POOL_MIN)
    found = made(database, following)
    with database.writing() as session:
        floors.keep(session, Floor(**{**found.model_dump(), "at": None, "offers_at": 0.2, "questions": 20}))
    some = heard(database, following, 3, mode=Mode.ASK)
    heard(database, following, 1, mode=Mode.REPLY)
    missing = label_set(database, "invoice", "export", "missing")["missing"]
    respond(database, some[1:], team.known)
    review_at_random(database, some[0], missing)

    assert told(database)[OFFERED] == "in 2 of 3 (67%, promised 90%)"
