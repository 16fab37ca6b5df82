from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from learning.heads import head
from learning.heads.head import Head
from learning.heads.none_of_these import PROMISE_MIN, floor, held_out, likeness_of

LABELS = 4
CENTRES = np.eye(LABELS, 16, dtype=np.float32)


def _messages(classes: np.ndarray, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((len(classes), 16))
    rows = CENTRES[classes] + 0.3 * noise
    found: np.ndarray = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return found


@pytest.mark.parametrize("number", [20, 57, 400])
@pytest.mark.parametrize("share", [0.05, 0.1])
def test_the_floor_is_that_of_split_conformal_prediction(number: int, share: float) -> None:
    true = np.random.default_rng(number).standard_normal(number).astype(np.float32)

    # As MAPIE 1.6 takes it of scores of misfit, which are -true.
    level = (number + 1) * (1 - share) / number
    assert floor(true, share) == -np.quantile(-true, min(level, 1.0), method="higher")


def test_the_floor_misses_no_more_than_promised_on_average() -> None:
    random = np.random.default_rng(0)
    missed = []
    for _ in range(4_000):
        drawn = random.gamma(2.0, size=PROMISE_MIN + 1).astype(np.float32)
        at = floor(drawn[:-1], 0.05)
        assert at is not None
        missed.append(drawn[-1] < at)

    # 1 of 21 places is below the lowest of 20.
    assert np.mean(missed) == pytest.approx(1 / 21, abs=0.01)


def test_too_few_messages_make_no_floor() -> None:
    assert floor(np.zeros(18, dtype=np.float32), 0.05) is None
    assert floor(np.zeros(100, dtype=np.float32), 0.0) is None


def test_each_message_is_judged_by_a_head_that_did_not_learn_from_it() -> None:
    classes = np.arange(40) % LABELS
    vectors = dict(zip([f"m{row:02}" for row in range(40)], _messages(classes, 0), strict=True))
    labelled = {one: str(label) for one, label in zip(vectors, classes, strict=True)}
    some = {one: vectors[one] for one in list(vectors)[10:]}
    seen: list[set[str]] = []

    def fit(kept: Mapping[str, str]) -> Head:
        seen.append(set(kept))
        rows = np.stack([vectors[one] for one in kept])
        names = tuple(str(label) for label in range(LABELS))
        return head.fit(names, CENTRES, rows, np.array([int(label) for label in kept.values()]), None)

    found = held_out(labelled, some, fit)

    left_out = [vectors.keys() - kept for kept in seen]
    assert set().union(*left_out) == some.keys()
    assert sum(map(len, left_out)) == len(some)
    # Those that were never left out are learned from by every head.
    assert all(set(list(vectors)[:10]) <= kept for kept in seen)
    assert likeness_of(found).mean() < fit(labelled).likeness(np.stack(list(some.values()))).mean()


def test_likeness_before_anything_is_learned_is_close_to_the_cosine_to_the_nearest_description() -> None:
    vectors = _messages(np.arange(8) % LABELS, 1)
    nothing = np.zeros((0, 16), dtype=np.float32)
    fresh = head.fit(("a", "b", "c", "d"), CENTRES, nothing, np.zeros(0, dtype=np.int64), None)

    assert fresh.likeness(vectors) == pytest.approx((vectors @ CENTRES.T).max(axis=1), abs=0.1)


def test_likeness_ranks_messages_as_the_highest_logit_does() -> None:
    classes = np.arange(80) % LABELS
    fitted = head.fit(("a", "b", "c", "d"), CENTRES, _messages(classes, 2), classes, None)
    some = _messages(classes, 3)

    assert (np.argsort(fitted.likeness(some)) == np.argsort(fitted.logits(some).max(axis=1))).all()
