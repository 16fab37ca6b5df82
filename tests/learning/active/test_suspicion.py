from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from learning.active.suspicion import (
    LEAST,
    MOST,
    QUICK_S,
    is_hostile,
    is_telling,
    lately,
    likelihoods,
    share_right,
)
from storage.feedback.corrections import Latest
from storage.tables.feedback import Word
from tests.factories import ANA, BEN

LABELS = 8
WORDS = 40

Random = np.random.Generator
Classes = NDArray[np.int64]


def _model(random: Random, number: int) -> tuple[NDArray[np.float32], Classes]:
    """What a model that knows how sure it may be says of so many messages, and what is true of them."""
    logits = random.normal(size=(number, LABELS)) * 3.0
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth: Classes = (probabilities.cumsum(axis=1) > random.random((number, 1))).argmax(axis=1)
    return probabilities.astype(np.float32), truth


def _other(random: Random, truth: Classes) -> Classes:
    found: Classes = (truth + random.integers(1, LABELS, len(truth))) % LABELS
    return found


def _corrects_mistakes(_random: Random, own: Classes, truth: Classes) -> Classes:
    return np.where(own == truth, -1, truth)


def _says_everything(_random: Random, _own: Classes, truth: Classes) -> Classes:
    return truth


def _confirms(_random: Random, own: Classes, truth: Classes) -> Classes:
    return np.where(own == truth, truth, -1)


def _errs_now_and_then(random: Random, _own: Classes, truth: Classes) -> Classes:
    return np.where(random.random(len(truth)) < 0.05, _other(random, truth), truth)


def _says_anything_else(random: Random, _own: Classes, truth: Classes) -> Classes:
    return _other(random, truth)


def _says_one_label(_random: Random, _own: Classes, truth: Classes) -> Classes:
    return np.where(truth == 0, -1, 0)


def _swaps_two(_random: Random, _own: Classes, truth: Classes) -> Classes:
    return np.where(truth == 0, 1, np.where(truth == 1, 0, -1))


def _confirms_mistakes(_random: Random, own: Classes, truth: Classes) -> Classes:
    return np.where(own == truth, -1, own)


def _is_right_now_and_then(random: Random, _own: Classes, truth: Classes) -> Classes:
    return np.where(random.random(len(truth)) < 0.4, truth, _other(random, truth))


HONEST = (_corrects_mistakes, _says_everything, _confirms, _errs_now_and_then)
HOSTILE = (_says_anything_else, _says_one_label, _swaps_two, _confirms_mistakes, _is_right_now_and_then)
Way = Callable[[Random, Classes, Classes], Classes]


def _flagged(way: Way, bursts: int = 100) -> float:
    """The share of bursts of one way of speaking that are held back; -1 in `way` says nothing of a message."""
    flagged = 0
    for seed in range(bursts):
        random = np.random.default_rng(seed)
        probabilities, truth = _model(random, 600)
        confidence = float(probabilities.max(axis=1).mean())
        shown = probabilities.argmax(axis=1)
        said = way(random, shown, truth)
        about = np.nonzero(said >= 0)[0][:WORDS]
        flagged += is_hostile(likelihoods(probabilities[about], said[about], shown[about], confidence))
    return flagged / bursts


@pytest.mark.parametrize("way", HONEST)
def test_whoever_is_honest_is_left_alone_however_they_choose_what_to_speak_of(way: Way) -> None:
    assert _flagged(way) <= 0.05


@pytest.mark.parametrize("way", HOSTILE)
def test_whoever_is_mostly_wrong_is_found_in_whatever_way_they_are(way: Way) -> None:
    assert _flagged(way) >= 0.95


def test_the_share_of_right_corrections_is_estimated() -> None:
    random = np.random.default_rng(0)
    probabilities, truth = _model(random, 2_000)
    shown, confidence = probabilities.argmax(axis=1), float(probabilities.max(axis=1).mean())

    for share in (0.0, 0.5, 1.0):
        said = np.where(random.random(len(truth)) < share, truth, _other(random, truth))
        assert share_right(likelihoods(probabilities, said, shown, confidence)) == pytest.approx(
            share, abs=0.15
        )


def test_a_model_that_knows_next_to_nothing_accuses_nobody() -> None:
    assert not is_telling(0.3)
    assert is_telling(0.7)


def _word(user: str, number: int, at: float) -> Latest:
    return Latest(f"{user}-{number}-{at}", f"m{number}", user, "bug", Word.CHANGED, at)


def test_what_somebody_said_of_enough_messages_is_looked_at_and_of_much_the_latest() -> None:
    much = [_word(ANA, number, float(number)) for number in range(MOST + 10)]
    little = [_word(BEN, number, float(number)) for number in range(LEAST - 1)]

    found = lately(sorted([*much, *little], key=lambda one: one.created_at))

    assert found.keys() == {ANA}
    assert found[ANA].last == much[10:]
    assert found[ANA].number == MOST + 10


def test_clicking_again_and_again_on_one_message_is_not_enough() -> None:
    assert lately([_word(ANA, 1, float(number)) for number in range(100)]) == {}


@pytest.mark.parametrize(("pause_s", "is_quick"), [(1.0, True), (QUICK_S / 5, False)])
def test_it_is_quick_if_enough_came_within_some_minutes(pause_s: float, is_quick: bool) -> None:
    said = [_word(ANA, number, number * pause_s) for number in range(LEAST)]

    assert lately(said)[ANA].quick.is_enough == is_quick
