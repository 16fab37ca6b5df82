from __future__ import annotations

import time

import numpy as np
import pytest

from learning.active.clusters import cluster, nearest_centre
from learning.encoders.encoder import Vectors


def heaps(number: int, each: int, noise: float = 0.02, seed: int = 0) -> Vectors:
    """`each` vectors of length 1 around each of `number` directions, heap by heap."""
    around = np.repeat(np.eye(16)[:number], each, axis=0)
    rows = around + noise * np.random.default_rng(seed).standard_normal(around.shape)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_heaps_that_lie_apart_are_found() -> None:
    vectors = heaps(3, 30)

    of = nearest_centre(vectors, cluster(vectors, 3, seed=0)).reshape(3, 30)

    assert (of == of[:, :1]).all()
    assert len(set(of[:, 0].tolist())) == 3


def test_centres_have_length_one_and_are_as_many_as_asked() -> None:
    centres = cluster(heaps(5, 20, noise=0.3), 12, seed=1)

    assert centres.shape == (12, 16)
    assert centres.dtype == np.float32
    assert np.linalg.norm(centres, axis=1) == pytest.approx(np.ones(12), abs=1e-5)


def test_the_same_seed_gives_the_same_centres() -> None:
    vectors = heaps(5, 20, noise=0.3)

    one, again, other = (cluster(vectors, 8, seed) for seed in (2, 2, 3))

    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("number", [1, 4, 50])
def test_copies_of_one_vector_are_one_cluster(number: int) -> None:
    centres = cluster(np.repeat(heaps(1, 1), 20, axis=0), number, seed=0)

    assert centres.shape == (1, 16)


def test_there_are_no_more_centres_than_vectors() -> None:
    assert len(cluster(heaps(2, 2), 50, seed=0)) <= 4


def test_no_vector_is_near_no_centre() -> None:
    assert nearest_centre(np.zeros((0, 16), dtype=np.float32), heaps(2, 1)).shape == (0,)


def test_each_vector_belongs_to_its_most_similar_centre_across_blocks() -> None:
    vectors = heaps(4, 5_000, noise=0.3)
    centres = heaps(4, 1)

    assert np.array_equal(nearest_centre(vectors, centres), (vectors @ centres.T).argmax(axis=1))


def test_a_hundred_thousand_vectors_take_seconds() -> None:
    vectors = heaps(10, 10_000, noise=0.3)

    began = time.process_time()
    nearest_centre(vectors, cluster(vectors, 100, seed=0))

    assert time.process_time() - began < 20
