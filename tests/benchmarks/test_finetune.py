from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.finetune import __main__ as finetune
from benchmarks.finetune.__main__ import matrix_peak, measure, operations
from benchmarks.measuring.data import VARIABLE, rows
from benchmarks.measuring.report import NO_DATA
from learning.tasks.recipe import Recipe
from tests.learning.tiny_models import tiny_model

SHIPPED = Path(__file__).parents[1] / "data"


@pytest.mark.slow
def test_ours_is_measured_beside_the_plain_recipe_and_the_head_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(SHIPPED))
    monkeypatch.setattr(os, "cpu_count", lambda: 1)  # threads that wait for each other take ages in a crowd
    sample = rows("banking77_sample.jsonl")

    figures = measure(sample[::2], sample[1::2], Recipe(epochs=1, max_tokens=32), (2,), seeds=1)

    assert figures["accuracy_2"] > figures["baseline_accuracy_2"]
    assert figures["ahead_2"] == figures["accuracy_2"] - figures["baseline_accuracy_2"]
    for figure in ("frozen_accuracy_2", "alone_accuracy_2", "calibration_error_2"):
        assert 0 <= figures[figure] <= 1
    assert figures["seconds_2"] > 0


def test_the_work_of_learning_grows_with_the_words(tmp_path: Path) -> None:
    source = tiny_model(tmp_path)

    short, long = (operations(source, [text]) for text in ("where is my", "where is my " * 3))

    assert long / short == pytest.approx((9 + 2) / (3 + 2))  # with [CLS] and [SEP]


def test_what_a_device_can_do_is_measured() -> None:
    assert matrix_peak("cpu", 64, times=2) > 0


def test_without_its_data_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))

    assert finetune.main(["--quick"]) == NO_DATA
    assert "banking77_train.jsonl" in capsys.readouterr().err
