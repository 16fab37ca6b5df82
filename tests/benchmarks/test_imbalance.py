from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.imbalance import __main__ as imbalance
from benchmarks.label_savings.__main__ import prepare
from benchmarks.measuring.data import VARIABLE, rows
from benchmarks.measuring.report import NO_DATA

SHIPPED = Path(__file__).parents[1] / "data"


@pytest.mark.slow
def test_rare_labels_are_measured_beside_two_baselines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(SHIPPED))
    sample = rows("banking77_sample.jsonl")

    figures = imbalance.measure(prepare(sample[::2], sample[1::2]), seeds=1)

    assert figures["two_recall"] > figures["two_baseline_recall"]
    assert figures["zipf_recall"] >= figures["zipf_unscaled_recall"]
    assert figures["zipf_accuracy_lost"] < 0.05
    lost = figures["two_baseline_accuracy"] - figures["two_accuracy"]
    assert figures["two_accuracy_lost"] == pytest.approx(lost)


def test_without_its_data_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))

    assert imbalance.main([]) == NO_DATA
