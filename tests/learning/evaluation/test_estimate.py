from __future__ import annotations

import math

import numpy as np
import pytest

from learning.encoders.encoder import Vectors
from learning.evaluation.estimate import RANDOM_LEAST, NotYet, Savings, accuracy, saved
from learning.heads.head import Classes
from tests.learning.conftest import Banking


def test_the_interval_of_accuracy_is_around_what_was_seen() -> None:
    found = accuracy(right=40, asked=50)

    assert found is not None
    assert found.value == 0.8
    assert found.low == pytest.approx(0.674, abs=0.002)
    assert found.high == pytest.approx(0.893, abs=0.002)


@pytest.mark.parametrize(("right", "asked"), [(0, 1), (1, 1), (0, 30), (30, 30), (1, 2)])
def test_an_interval_stays_between_none_and_all(right: int, asked: int) -> None:
    found = accuracy(right, asked)

    assert found is not None
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.high - found.low > 0.01


def test_without_a_random_answer_nothing_is_said_of_accuracy() -> None:
    assert accuracy(right=0, asked=0) is None


@pytest.mark.parametrize("true", [0.6, 0.9])
def test_the_interval_holds_in_some_95_of_100_cases(true: float) -> None:
    rights = np.random.default_rng(0).binomial(100, true, 400)
    found = [accuracy(int(right), 100) for right in rights]

    assert np.mean([one is not None and one.low <= true <= one.high for one in found]) > 0.92


def test_with_few_random_answers_it_says_how_many_more_it_needs(banking: Banking) -> None:
    is_random = np.arange(len(banking.classes)) < RANDOM_LEAST - 12

    found = saved(banking.descriptions, banking.vectors, banking.classes, is_random, seed=0)

    assert found == NotYet("not yet: needs 12 more random answers")


def test_where_every_answer_was_random_nothing_was_saved(banking: Banking) -> None:
    found = saved(banking.descriptions, banking.vectors, banking.classes, np.ones(240, dtype=bool), seed=0)

    assert found == NotYet("nothing was chosen: every answer was asked at random")


def test_no_saving_is_claimed_for_certain_where_the_chosen_answers_are_random_too() -> None:
    problem = _blobs(1_200)
    is_random = np.arange(1_200) < 600

    found = saved(*problem, is_random, seed=1)

    assert isinstance(found, Savings)
    assert found.labels == 1_200
    assert found.low <= 1_200


def test_an_estimate_lies_in_its_interval_and_is_the_same_again(banking: Banking) -> None:
    is_random = np.arange(240) % 3 == 0

    found, again = (
        saved(banking.descriptions, banking.vectors, banking.classes, is_random, seed=3) for _ in range(2)
    )

    assert found == again
    if isinstance(found, Savings):
        assert 0 <= found.low <= found.high
        assert not math.isnan(found.at_random)


def test_where_random_answers_show_no_error_nothing_is_known_of_how_fast_they_teach() -> None:
    descriptions, vectors, classes = _points(120)

    found = saved(descriptions, vectors, classes, np.arange(120) < 60, seed=0)

    assert found == NotYet("not yet: the random answers do not show how fast the model learns from them")


def test_where_chosen_answers_alone_make_the_model_err_no_random_label_is_needed_to_be_as_right() -> None:
    descriptions, vectors, classes = _points(360)
    is_random = np.arange(360) < 60
    classes[~is_random] = (classes[~is_random] + 1) % len(descriptions)

    found = saved(descriptions, vectors, classes, is_random, seed=0)

    assert found == Savings(labels=360, at_random=0.0, low=0.0, high=0.0)


def _points(number: int, labels: int = 4) -> tuple[Vectors, Vectors, Classes]:
    """Descriptions, vectors and classes of messages that say their label's description word for word."""
    descriptions = np.eye(labels, dtype=np.float32)
    classes = np.arange(number) % labels
    return descriptions, descriptions[classes], classes


def _blobs(number: int, labels: int = 12) -> tuple[Vectors, Vectors, Classes]:
    """Descriptions, vectors and classes of messages that lie around what their label means, in a wide cloud."""
    random = np.random.default_rng(0)
    centres = random.standard_normal((labels, 32))
    classes = random.integers(labels, size=number)
    cloud = centres[classes] + 1.3 * random.standard_normal((number, 32))
    names = centres + 1.5 * random.standard_normal((labels, 32))
    return _unit(names), _unit(cloud), classes


def _unit(rows: np.ndarray) -> Vectors:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize(
    ("low", "high", "says_something"),
    [(5.0, np.inf, False), (300.0, 900.0, False), (600.0, np.inf, True), (200.0, 500.0, True)],
)
def test_a_saving_says_something_only_if_it_is_clear_whether_choosing_helped(
    low: float, high: float, says_something: bool
) -> None:
    assert Savings(562, 700.0, low, high).says_something is says_something
