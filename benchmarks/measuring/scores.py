"""Scores of a classifier's probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15


@dataclass(frozen=True)
class Score:
    """`accuracy`: share of right answers. `calibration_error`: how far confidence is from accuracy, 0 is best."""

    accuracy: float
    calibration_error: float


def score(probabilities: NDArray[np.floating], truth: NDArray[np.int64]) -> Score:
    """probabilities: (messages, labels), each row sums to 1; truth: (messages,), columns of `probabilities`."""
    right = probabilities.argmax(axis=1) == truth
    return Score(float(right.mean()), calibration_error(probabilities.max(axis=1), right))


def calibration_error(confidence: NDArray[np.floating], right: NDArray[np.bool_]) -> float:
    """Expected calibration error over BINS bins of equal width (Guo et al., 2017). Both: (messages,)."""
    bins = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(bins, confidence - right, BINS)  # messages × (mean confidence − accuracy), each bin
    return float(np.abs(gaps).sum() / len(right))
