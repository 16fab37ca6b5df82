from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.label_savings import __main__ as label_savings
from benchmarks.label_savings.__main__ import measure, needs, prepare
from benchmarks.measuring.data import VARIABLE, rows
from benchmarks.measuring.report import NO_DATA
from learning.active.query_strategies import DEFAULT_STRATEGY, STRATEGIES

SHIPPED = Path(__file__).parents[1] / "data"


def test_labels_needed_lie_between_two_batches() -> None:
    curve = [(0, 0.60), (50, 0.78), (100, 0.82), (150, 0.81), (200, 0.86)]

    at_80, at_85, at_88 = needs(curve)

    assert at_80 == pytest.approx(75)
    assert at_85 == pytest.approx(190)
    assert math.isnan(at_88)


@pytest.mark.slow
def test_each_strategy_is_replayed_beside_small_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(SHIPPED))
    sample = rows("banking77_sample.jsonl")

    figures = measure(prepare(sample[::2], sample[1::2]), seeds=1, batch=10)

    for name in (*STRATEGIES, "BreakingTies", "EmbeddingKMeans"):
        assert 0 <= figures[f"nameless_{name}_80"] <= 120
    assert figures["random_of_random_80"] == 1
    assert np.isfinite(figures[f"nameless_{DEFAULT_STRATEGY}_of_best_small_text_80"])


def test_without_its_data_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))

    assert label_savings.main([]) == NO_DATA
