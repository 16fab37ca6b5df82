"""Calibration: how far confidence is from being right, and the one number that mends most of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learning.heads.head import Classes, softmax

BINS = 15
MESSAGES_LEAST = 20
RANGE = (0.1, 10.0)


def calibration_error(probabilities: NDArray[Any], truth: Classes) -> float:
    """Expected calibration error, 0 to 1, over BINS bins of equal width (Naeini et al., 2015).

    probabilities: (messages, labels); truth: (messages,).
    """
    if not len(truth):
        return 0.0
    return binary_calibration_error(probabilities.max(axis=1), probabilities.argmax(axis=1) == truth)


def binary_calibration_error(confidence: NDArray[Any], right: NDArray[np.bool_]) -> float:
    """How far confidence is from how often it is right, 0 to 1, over the same bins.

    confidence: (messages,), messages >= 1, each between 0 and 1; right: (messages,).
    """
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    off = [abs(confidence[bins == one].sum() - right[bins == one].sum()) for one in np.unique(bins)]
    return float(np.sum(off) / len(right))


def temperature(logits: NDArray[Any], truth: Classes) -> float:
    """By what to divide the logits so that these labels are likeliest (Guo et al., 2017); 1 with few messages.

    logits: (messages, labels); truth: (messages,).
    """
    if len(truth) < MESSAGES_LEAST:
        return 1.0
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(truth))

    def loss(logarithm: float) -> float:
        return float(-np.log(softmax(logits / np.exp(logarithm))[rows, truth] + 1e-12).mean())

    found = minimize_scalar(loss, bounds=tuple(np.log(RANGE)), method="bounded")
    return float(np.exp(found.x))
