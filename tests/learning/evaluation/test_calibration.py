from __future__ import annotations

import numpy as np
import pytest

from learning.evaluation.calibration import MESSAGES_LEAST, RANGE, calibration_error, temperature


def test_the_error_is_how_far_confidence_is_from_being_right() -> None:
    probabilities = np.tile(np.array([0.9, 0.1], dtype=np.float32), (10, 1))

    assert calibration_error(probabilities, np.array([0] * 9 + [1])) == pytest.approx(0, abs=1e-6)
    assert calibration_error(probabilities, np.array([0] * 4 + [1] * 6)) == pytest.approx(0.5)


def test_errors_of_different_bins_do_not_cancel() -> None:
    probabilities = np.array([[1.0, 0.0], [0.6, 0.4]], dtype=np.float32)

    assert calibration_error(probabilities, np.array([1, 0])) == pytest.approx((1.0 + 0.4) / 2)


def test_of_no_message_there_is_no_error() -> None:
    assert calibration_error(np.empty((0, 2), dtype=np.float32), np.empty(0, dtype=np.int64)) == 0


@pytest.mark.parametrize("true", [0.5, 1.0, 2.5])
def test_the_temperature_that_the_labels_were_drawn_with_is_found(true: float) -> None:
    random = np.random.default_rng(0)
    logits = random.normal(scale=2.0, size=(4_000, 5))
    truth = (logits / true + random.gumbel(size=logits.shape)).argmax(axis=1)  # a draw from the softmax

    assert temperature(logits, truth) == pytest.approx(true, rel=0.1)


def test_with_few_messages_the_temperature_is_left_alone() -> None:
    truth = np.zeros(MESSAGES_LEAST - 1, dtype=np.int64)

    assert temperature(np.tile([5.0, 0.0], (len(truth), 1)), truth) == 1


@pytest.mark.parametrize("label", [0, 1])
def test_where_all_is_right_or_all_is_wrong_the_temperature_stays_in_its_range(label: int) -> None:
    truth = np.full(50, label, dtype=np.int64)

    assert RANGE[0] <= temperature(np.tile([5.0, 0.0], (50, 1)), truth) <= RANGE[1]
