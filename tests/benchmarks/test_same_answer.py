from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.measuring.data import VARIABLE, rows
from benchmarks.measuring.report import NO_DATA
from benchmarks.same_answer import __main__ as same_answer
from benchmarks.same_answer.__main__ import BOUNDS, measure

SHIPPED = Path(__file__).parents[1] / "data"


@pytest.mark.slow
def test_what_serves_answers_alike_and_one_scale_for_a_batch_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, str(SHIPPED))
    sample = rows("banking77_sample.jsonl")

    figures = measure(sample[::4], sample[1::2], messages=32)

    assert all(bound.holds(figures) for bound in BOUNDS)
    assert figures["shared_probability_moved"] > 10 * figures["int8_probability_moved"]
    assert figures["torch_least_cosine"] > 0.9999 > figures["shared_least_cosine"]


def test_without_its_data_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))

    assert same_answer.main(["--quick"]) == NO_DATA
    assert "banking77_train.jsonl" in capsys.readouterr().err
