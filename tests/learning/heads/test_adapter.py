from __future__ import annotations

import numpy as np
import pytest

from learning.encoders.encoder import Vectors
from learning.heads import adapter
from learning.heads.adapter import MAX_EXAMPLES, adapted
from learning.heads.centring import centred, mean_of
from tests.learning.conftest import Banking


def test_messages_of_one_label_lie_closer_together_also_those_not_learned_from(banking: Banking) -> None:
    vectors = centred(banking.vectors, mean_of(banking.vectors))
    projection = adapter.learn(vectors[:120], banking.classes[:120])

    unseen, classes = vectors[120:], banking.classes[120:]

    assert _contrast(adapted(unseen, projection), classes) > _contrast(unseen, classes) + 0.02


def test_the_same_examples_give_the_same_projection(banking: Banking) -> None:
    vectors = centred(banking.vectors, mean_of(banking.vectors))

    first, second = (adapter.learn(vectors, banking.classes) for _ in range(2))

    assert first.dtype == np.float32
    assert np.array_equal(first, second)


def test_projected_embeddings_have_length_one_and_what_is_unknown_stays_unlike_anything(
    banking: Banking,
) -> None:
    vectors = np.vstack([centred(banking.vectors, mean_of(banking.vectors)), np.zeros((1, 384), np.float32)])

    found = adapted(vectors, adapter.learn(vectors[:-1], banking.classes))

    assert np.linalg.norm(found, axis=1) == pytest.approx([1.0] * 240 + [0.0], abs=1e-5)


def test_labels_with_one_example_each_move_nothing() -> None:
    vectors = np.eye(60, dtype=np.float32)

    assert np.array_equal(adapter.learn(vectors, np.arange(60)), np.eye(60, dtype=np.float32))


def test_of_very_many_examples_every_label_is_learned_from() -> None:
    random = np.random.default_rng(0)
    classes = np.concatenate([np.zeros(5_000, np.int64), np.repeat(np.arange(1, 11), 3)])
    vectors = random.normal(size=(len(classes), 8)).astype(np.float32)

    chosen = adapter.sample(classes)

    assert len(chosen) == MAX_EXAMPLES
    assert np.array_equal(np.bincount(classes[chosen])[1:], np.full(10, 3))
    assert np.isfinite(adapter.learn(vectors, classes)).all()


def _contrast(vectors: Vectors, classes: np.ndarray) -> float:
    """How much more alike messages of one label are than others, by mean cosine."""
    alike = vectors @ vectors.T
    is_same = classes[:, None] == classes
    return float(alike[is_same & ~np.eye(len(classes), dtype=bool)].mean() - alike[~is_same].mean())
