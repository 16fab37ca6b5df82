from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.heads.head import Ranked, softmax
from learning.heads.none_of_these import PROMISE_MIN
from learning.heads.offering import OFFERED_MAX, OFFERED_MIN, highest, likely_enough, offered

SHARE = 0.1


def ranked(*probabilities: float) -> Ranked:
    return tuple((f"l{place}", probability) for place, probability in enumerate(probabilities))


def drawn(number: int, labels: int, random: np.random.Generator) -> list[tuple[Ranked, str]]:
    """Exchangeable messages: what an uncertain model says of each, and the right label, drawn as it says."""
    rows = softmax(random.normal(scale=1.5, size=(number, labels)).astype(np.float32))
    right = [int(random.choice(labels, p=row / row.sum())) for row in rows.astype(np.float64)]
    order = np.argsort(-rows, axis=1)
    return [
        (tuple((str(label), float(row[label])) for label in places), str(label_id))
        for row, places, label_id in zip(rows, order, right, strict=True)
    ]


def is_offered(question: tuple[Ranked, str], at: float) -> bool:
    likeliest, right = question
    return right in (label_id for label_id, _ in likeliest[: offered(likeliest, at)])


def test_what_is_likely_enough_is_offered() -> None:
    some = ranked(0.4, 0.3, 0.2, 0.06, 0.02, 0.01, 0.01)

    assert [offered(some, at) for at in (1.0, 0.35, 0.2, 0.05, 0.0)] == [2, 2, 3, 4, OFFERED_MAX]
    assert offered(ranked(1.0), 0.5) == 1


@given(st.lists(st.floats(0.001, 1), min_size=2, max_size=10), st.integers(0, 11), st.floats(0.001, 1))
def test_the_right_label_is_offered_just_as_long_as_its_score_says(
    shares: list[float], right: int, at: float
) -> None:
    some = ranked(*sorted((one / sum(shares) for one in shares), reverse=True))

    number = offered(some, at)

    assert min(OFFERED_MIN, len(some)) <= number <= OFFERED_MAX
    assert (right < number) == (highest(some, f"l{right}") >= at)


def test_the_threshold_is_that_of_the_least_ambiguous_set() -> None:
    questions = drawn(57, 6, np.random.default_rng(1))

    at, number = likely_enough(questions, SHARE)

    # The ⌈(n + 1)(1 - share)⌉-th lowest score of misfit, as textbooks have it.
    misfit = np.sort([1 - highest(likeliest, right) for likeliest, right in questions])
    assert number == 57
    assert at == pytest.approx(1 - misfit[int(np.ceil((57 + 1) * (1 - SHARE))) - 1])


@pytest.mark.parametrize("number", [PROMISE_MIN, 57])
def test_no_more_questions_miss_the_right_label_than_promised_on_average(number: int) -> None:
    random = np.random.default_rng(number)
    missed = []
    for _ in range(1_500):
        *questions, next_one = drawn(number + 1, 6, random)
        at, _ = likely_enough(questions, SHARE)
        assert at is not None
        missed.append(not is_offered(next_one, at))

    assert np.mean(missed) <= SHARE + 0.02


def test_too_few_questions_promise_nothing_and_neither_does_a_share_of_none() -> None:
    questions = drawn(PROMISE_MIN, 6, np.random.default_rng(2))

    assert likely_enough(questions[1:], SHARE) == (None, PROMISE_MIN - 1)
    assert likely_enough(questions, 0.0) == (None, PROMISE_MIN)


def test_where_five_labels_miss_too_often_all_five_are_offered() -> None:
    questions = drawn(200, 40, np.random.default_rng(3))

    at, _ = likely_enough(questions, SHARE)

    assert at == 0.0
    assert {offered(likeliest, at) for likeliest, _ in questions} == {OFFERED_MAX}
