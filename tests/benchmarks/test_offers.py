from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.measuring.data import VARIABLE
from benchmarks.measuring.report import NO_DATA
from benchmarks.none.__main__ import Encoded, Problem
from benchmarks.offers import __main__ as offers
from benchmarks.offers.__main__ import SHARE, measure

LABELS, DIMENSIONS = 12, 32


def _around(centres: np.ndarray, classes: np.ndarray, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((len(classes), DIMENSIONS))
    return _unit(centres[classes] + 0.35 * noise)


def _unit(rows: np.ndarray) -> np.ndarray:
    found: np.ndarray = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return found


def test_the_right_label_is_offered_about_as_often_as_promised() -> None:
    centres = _unit(np.random.default_rng(0).standard_normal((LABELS, DIMENSIONS)))
    train, test = np.repeat(np.arange(LABELS), 60), np.repeat(np.arange(LABELS), 60)
    problem = Problem(
        centres,
        Encoded(_around(centres, train, 1), train),
        Encoded(_around(centres, test, 2), test),
        centres[:1],
    )

    figures = measure(problem, {LABELS: 2})

    for number in (0, 2, 8):
        promised = min(1 - SHARE, figures[f"most_12_{number}"])
        assert figures[f"coverage_12_{number}"] > promised - 0.1
        assert 2 <= figures[f"size_12_{number}"] <= 5


def test_without_its_data_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))

    assert offers.main([]) == NO_DATA
