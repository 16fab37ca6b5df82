from __future__ import annotations

import numpy as np
import pytest

from learning.encoders.encoder import Vectors
from learning.heads.centring import MIN_MESSAGES, centred, mean_of, team_mean
from storage.database.engine import Database
from storage.messages import messages
from storage.models import predictions
from storage.tables.feedback import Label
from tests.databases import on_both
from tests.factories import ENCODER, OTHER, TEAM, label_set, prediction, received
from tests.learning.conftest import Banking

# Of the labels: (texts, 3).
TEXTS = np.array([[1.0, 0.0, 0.0], [0.8, 0.6, 0.0]], dtype=np.float32)


def test_messages_that_share_the_encoders_direction_are_no_longer_alike() -> None:
    random = np.random.default_rng(0)
    vectors = _unit(3 * _unit(random.normal(size=64)) + _unit(random.normal(size=(200, 64))))
    assert _cosine(vectors) > 0.85

    assert abs(_cosine(centred(vectors, mean_of(vectors)))) < 0.01


def test_centred_embeddings_have_length_one_and_what_is_unknown_stays_unlike_anything(
    banking: Banking,
) -> None:
    found = centred(np.vstack([banking.vectors, np.zeros((1, 384), np.float32)]), mean_of(banking.vectors))

    assert np.linalg.norm(found, axis=1) == pytest.approx([1.0] * 240 + [0.0], abs=1e-5)
    assert found.dtype == np.float32


def test_the_mean_of_a_few_texts_is_shrunk_to_what_they_share() -> None:
    random = np.random.default_rng(0)
    direction = _unit(random.normal(size=256))
    vectors = _unit(0.5 * direction + _unit(random.normal(size=(1_000, 256))))
    of_all = mean_of(vectors)

    of_few = mean_of(vectors[:6])

    assert np.linalg.norm(of_few - of_all) < 0.85 * np.linalg.norm(vectors[:6].mean(axis=0) - of_all)
    assert mean_of(np.eye(4, dtype=np.float32)) == pytest.approx(np.zeros(4))
    assert mean_of(vectors[:1]) == pytest.approx(np.zeros(256))


def test_without_a_mean_embeddings_stay_as_they_are(banking: Banking) -> None:
    assert np.array_equal(centred(banking.vectors, None), banking.vectors)


@on_both
def test_the_mean_is_that_of_the_teams_own_messages_once_there_are_enough(database: Database) -> None:
    bug, theirs = label_set(database, "bug")["bug"], label_set(database, "bug", team_id=OTHER)["bug"]
    made = _vectors(MIN_MESSAGES)
    _predict(database, theirs, -made)

    _predict(database, bug, made[:-1])
    assert np.array_equal(_mean(database), mean_of(TEXTS))

    _predict(database, bug, made[-1:])
    assert _mean(database) == pytest.approx((mean_of(made) + mean_of(TEXTS)) / 2, abs=1e-3)
    assert np.array_equal(team_mean(database, TEAM, "another encoder", TEXTS), mean_of(TEXTS))


@on_both
def test_it_stays_the_same_until_there_are_twice_as_many_messages(database: Database) -> None:
    bug = label_set(database, "bug")["bug"]
    first = _vectors(MIN_MESSAGES)
    _predict(database, bug, first)
    before = _mean(database)

    _predict(database, bug, -first[:-1])
    assert _mean(database).tobytes() == before.tobytes()

    _predict(database, bug, -first[-1:])
    assert _mean(database) == pytest.approx(mean_of(TEXTS) / 3, abs=1e-3)


@on_both
def test_two_replicas_have_one_mean(database: Database) -> None:
    bug = label_set(database, "bug")["bug"]
    _predict(database, bug, _vectors(MIN_MESSAGES))

    one, other = (team_mean(database, TEAM, ENCODER, texts) for texts in (TEXTS, -TEXTS))

    assert one.tobytes() == other.tobytes()


@on_both
def test_it_does_not_change_when_messages_are_erased(database: Database) -> None:
    bug = label_set(database, "bug")["bug"]
    ids = _predict(database, bug, _vectors(MIN_MESSAGES))
    before = _mean(database)

    with database.writing() as session:
        messages.erase_all(session, ids[:20])

    assert _mean(database).tobytes() == before.tobytes()


def _mean(database: Database) -> Vectors:
    return team_mean(database, TEAM, ENCODER, TEXTS)


def _predict(database: Database, label: Label, vectors: Vectors) -> list[str]:
    made = [received(database, team_id=label.team_id) for _ in vectors]
    ids = [one.id for one in made]
    with database.writing() as session:
        predictions.keep_vectors(session, ENCODER, dict(zip(ids, vectors, strict=True)))
        predictions.put(session, [prediction(one, label) for one in made])
    return ids


def _vectors(number: int) -> Vectors:
    return _unit(np.array([2.0, 1.0, 0.0]) + np.random.default_rng(1).normal(size=(number, 3)))


def _unit(vectors: np.ndarray) -> Vectors:
    scaled: Vectors = (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)
    return scaled


def _cosine(vectors: Vectors) -> float:
    """The mean cosine between two different rows."""
    number = len(vectors)
    return float(((vectors @ vectors.T).sum() - number) / (number * (number - 1)))
