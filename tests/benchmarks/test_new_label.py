from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.cold_start.__main__ import prepare
from benchmarks.measuring.data import VARIABLE, rows
from benchmarks.measuring.report import NO_DATA
from benchmarks.new_label import __main__ as new_label

SHIPPED = Path(__file__).parents[1] / "data"


@pytest.mark.slow
def test_a_label_that_is_added_is_measured_beside_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(SHIPPED))
    sample = rows("banking77_sample.jsonl")

    figures = new_label.measure(prepare(sample[::2], sample[1::2], 1))

    assert figures["recall_0"] >= figures["baseline_recall_0"]
    assert figures["recall_2"] >= figures["recall_0"]
    for number in (0, 1, 2):
        assert figures[f"others_lost_{number}"] < 0.1


def test_without_its_data_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))

    assert new_label.main([]) == NO_DATA
