from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.measuring.data import VARIABLE
from benchmarks.measuring.report import NO_DATA
from benchmarks.none import __main__ as none
from benchmarks.none.__main__ import Encoded, Problem, measure

LABELS, DIMENSIONS = 12, 32


def _around(centres: np.ndarray, classes: np.ndarray, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((len(classes), DIMENSIONS))
    return _unit(centres[classes] + 0.1 * noise)


def _unit(rows: np.ndarray) -> np.ndarray:
    found: np.ndarray = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return found


def test_what_is_unlike_all_labels_is_caught_and_true_messages_pass() -> None:
    random = np.random.default_rng(0)
    centres = _unit(random.standard_normal((LABELS, DIMENSIONS)))
    train, test = np.repeat(np.arange(LABELS), 60), np.repeat(np.arange(LABELS), 20)
    problem = Problem(
        centres,
        Encoded(_around(centres, train, 1), train),
        Encoded(_around(centres, test, 2), test),
        _unit(random.standard_normal((40, DIMENSIONS))),
    )

    figures = measure(problem, draws=1)

    assert figures["far_caught_8"] > 0.9
    assert figures["near_caught_8"] > 0.9
    assert figures["near_passing_growth"] <= 0.05
    assert figures["wrong_none_8_100"] < 0.15


def test_without_its_data_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))

    assert none.main([]) == NO_DATA
